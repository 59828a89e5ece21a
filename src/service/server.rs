//! Binds the service, then runs it until it is told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::app::{App, Shared};
use super::bridges::Bridges;
use super::connections::{Gate, Slots};
use super::entrance::{Closer, Entrance, Peer, SETTLE};
use super::guardrails::SHARES;
use super::metrics::Metrics;
use super::network::TrustedProxies;
use super::operations::Operations;
use super::ready::Readiness;
use super::reload::{ReloadError, Reloader, RuleReload};
use super::routes;
use super::settings::{ServiceSettings, TlsFiles};
use super::stop::{Signal, Signals, Stage, Stopper};
use super::tls::{self, TlsError};
use crate::callers::Callers;

/// How often measurements are moved into their buckets while nobody reads the metrics.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// How many bytes of one body, and of all bodies of a connection, HTTP/2 buffers before they are read. Stops
/// connections from filling the memory with bodies that are never read: hyper's defaults are a megabyte each. Logins
/// have a hundred bytes, and larger bodies continue as they are read.
const STREAM_WINDOW: u32 = 32 * 1024;
/// See [`STREAM_WINDOW`].
const CONNECTION_WINDOW: u32 = 128 * 1024;

/// Why the service cannot run.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The service would be open to everybody.
    #[error("cannot listen on `{0}` without callers; set `service.callers`, or listen on a loopback address")]
    Open(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen on `{address}`: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Rule files cannot be watched.
    #[error(transparent)]
    Reload(#[from] ReloadError),
    /// The server failed.
    #[error("the server failed: {0}")]
    Server(#[from] io::Error),
}

/// The operations of a service, and its callers.
pub(super) struct Served {
    pub(super) operations: Arc<dyn Operations>,
    pub(super) callers: Option<Arc<Callers>>,
    pub(super) metrics: Metrics,
    pub(super) reload: Vec<RuleReload>,
    pub(super) bridges: Bridges,
}

/// A service that is bound to its address. Connections wait until it [runs](Self::run).
pub struct Bound {
    app: App,
    settings: ServiceSettings,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    reload: Vec<RuleReload>,
    stopper: Stopper,
    pages: Router,
    signals: Option<Signals>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Binds the address and reads the certificate.
pub(super) fn bind(served: Served, settings: ServiceSettings) -> Result<Bound, ServiceError> {
    let at = settings.listen;
    if served.callers.is_none() && !at.ip().to_canonical().is_loopback() {
        return Err(ServiceError::Open(at));
    }
    let tls = settings.tls.as_ref().map(tls::load).transpose()?.map(RustlsConfig::from_config);
    let failed = |source| ServiceError::Bind { address: at, source };
    let listener = TcpListener::bind(at).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (stopper, trusted) = (Stopper::new(), TrustedProxies::new(settings.trusted_proxies.clone()));
    let app = App::new(Shared {
        ready: Readiness::new(Arc::clone(&served.operations)),
        operations: served.operations,
        callers: served.callers,
        bridges: served.bridges,
        metrics: served.metrics,
        limits: settings.limits,
        trusted: trusted.clone(),
        unverified: Slots::new(settings.limits.unverified, settings.limits.unverified.div_ceil(SHARES), trusted),
        permits: Arc::new(Semaphore::new(settings.limits.requests)),
        stopper: stopper.clone(),
    });
    Ok(Bound {
        app,
        settings,
        listener,
        address,
        tls,
        reload: served.reload,
        stopper,
        pages: Router::new(),
        signals: None,
    })
}

impl Bound {
    /// The address that the service listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds further routes, with the same limits and callers.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> Self {
        self.pages = self.pages.merge(pages);
        self
    }

    /// The base URL of the service.
    #[must_use]
    pub fn base(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// A handle that stops the service from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Handles the signals of the operating system from now on: SIGTERM and SIGINT stop the service, a second one stops
    /// it at once, and SIGHUP reloads rules and certificate. Must be called before the address is announced, so that no
    /// signal is missed.
    ///
    /// # Errors
    /// [`ServiceError`] if the operating system does not allow it.
    pub fn handling_signals(mut self) -> Result<Self, ServiceError> {
        self.signals = Some(Signals::listen()?);
        Ok(self)
    }

    /// Serves until a handled signal or the [`Stopper`] ends it.
    ///
    /// # Errors
    /// [`ServiceError`] if rule files cannot be watched or the server fails.
    pub async fn run(self) -> Result<(), ServiceError> {
        let shutdown = Shutdown {
            stopper: self.stopper.clone(),
            app: self.app.clone(),
            settings: self.settings.clone(),
            closer: Closer::default(),
            handle: Handle::new(),
            until: OnceLock::new(),
        };
        let start = |reload| Reloader::start(reload, self.app.metrics.clone());
        let reloaders = self.reload.into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
        let trusted = TrustedProxies::new(self.settings.trusted_proxies.clone());
        let gate = Gate::new(&self.settings.limits, trusted, self.app.metrics.clone());
        let entrance = Entrance::new(self.listener, shutdown.closer.clone())?;
        let server = server(entrance, &self.settings, self.app.metrics.clone()).handle(shutdown.handle.clone());
        let service = routes::router(&self.app, self.pages).into_make_service_with_connect_info::<SocketAddr>();
        let listening = handle_signals(self.signals, self.stopper, reloaders, self.settings.tls.zip(self.tls.clone()));
        let limit = self.settings.limits.header_time;
        tracing::info!(address = %self.address, "serving");
        tokio::select! {
            served = async {
                accept(server, self.tls, gate, limit, service).await?;
                shutdown.idle().await;
                io::Result::Ok(())
            } => served?,
            never = async { tokio::join!(shutdown.run(), listening, run_upkeep(self.app.metrics.clone())).2 } => match never {},
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// The service of a connection.
type Routes = IntoMakeServiceWithConnectInfo<Router, SocketAddr>;

async fn accept(
    server: Server<Peer>,
    tls: Option<RustlsConfig>,
    gate: Gate,
    handshake: Duration,
    routes: Routes,
) -> io::Result<()> {
    match tls {
        None => server.acceptor(gate).serve(routes).await,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls).handshake_timeout(handshake).acceptor(gate);
            server.acceptor(acceptor).serve(routes).await
        }
    }
}

/// A server with its timeouts and size limits.
fn server(entrance: Entrance, settings: &ServiceSettings, metrics: Metrics) -> Server<Peer> {
    let limits = &settings.limits;
    let mut server = Server::from_listener(entrance).first_request_timeout(limits.header_time).accept_error_handler(
        move |_: Option<&Peer>, error: &io::Error| {
            // The gate has already counted the connections it turned away.
            if error.kind() != io::ErrorKind::ConnectionRefused {
                metrics.turned_away("failed");
            }
        },
    );
    let http = server.http_builder();
    // hyper requires at least 8 KiB.
    let head = usize::try_from(limits.header_bytes).unwrap_or(usize::MAX).max(8192);
    http.http1().header_read_timeout(limits.header_time).max_buf_size(head);
    http.http2()
        .max_concurrent_streams(limits.streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(limits.header_bytes)
        .keep_alive_interval(None);
    server
}

/// Shuts the server down: gracefully, or at once when told again.
struct Shutdown {
    stopper: Stopper,
    app: App,
    settings: ServiceSettings,
    closer: Closer,
    handle: Handle<Peer>,
    /// The time until which running requests may take, once it is known.
    until: OnceLock<Instant>,
}

impl Shutdown {
    async fn run(&self) {
        self.stopper.reached(Stage::Draining).await;
        tracing::info!("stopping; running requests are answered");
        self.app.ready.stop();
        self.wait(self.settings.notice + SETTLE).await;
        self.closer.close();
        self.wait(SETTLE).await;
        let until = self.until.get_or_init(|| Instant::now() + self.settings.drain);
        self.handle.graceful_shutdown(Some(until.saturating_duration_since(Instant::now())));
        self.stopper.reached(Stage::Now).await;
        self.handle.shutdown();
    }

    async fn wait(&self, time: Duration) {
        // Stop waiting when told again.
        let _ = timeout(time, self.stopper.reached(Stage::Now)).await;
    }

    /// Waits for work whose caller has hung up, as long as running requests may take.
    async fn idle(&self) {
        let until = self.until.get().copied().unwrap_or_else(Instant::now);
        tokio::select! {
            _ = timeout_at(until, self.app.idle()) => {}
            () = self.stopper.reached(Stage::Now) => {}
        }
    }
}

/// Handles signals.
async fn handle_signals(
    signals: Option<Signals>,
    stopper: Stopper,
    reloaders: Vec<Reloader>,
    tls: Option<(TlsFiles, RustlsConfig)>,
) {
    let Some(mut signals) = signals else {
        // The reloaders work as long as they are not dropped.
        return stopper.reached(Stage::Now).await;
    };
    loop {
        match signals.next().await {
            Signal::Stop => stopper.stop(),
            Signal::Reload => {
                reloaders.iter().for_each(Reloader::reload);
                if let Some((files, config)) = &tls {
                    reload_certificate(files, config);
                }
            }
        }
    }
}

/// Reads the certificate again. If it is broken, logs that and keeps the old one.
fn reload_certificate(files: &TlsFiles, config: &RustlsConfig) {
    match tls::load(files) {
        Ok(fresh) => {
            config.reload_from_config(fresh);
            tracing::info!("reloaded the certificate");
        }
        Err(error) => tracing::error!(%error, "the certificate is broken; the previous one stays active"),
    }
}

async fn run_upkeep(metrics: Metrics) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        metrics.tidy();
    }
}
