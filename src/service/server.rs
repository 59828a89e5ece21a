//! The service: bound first, then run until it is told to end.

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
use super::connections::{Gate, Room};
use super::entrance::{Entrance, Operation, Peer, SETTLE};
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
use crate::guard::Callers;

/// How often measurements are taken into their buckets while nobody looks at the metrics.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// How many bytes of a body, and of all bodies of a connection, HTTP/2 takes before anybody has read them. Stops connections
/// that send what nobody wants to read from filling the memory: hyper's defaults are a megabyte each. Logins have a hundred
/// bytes, and larger bodies go on while they are read.
const STREAM_WINDOW: u32 = 32 * 1024;
/// See [`STREAM_WINDOW`].
const CONNECTION_WINDOW: u32 = 128 * 1024;

/// Why there is no service.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// It would be open to everybody.
    #[error("without callers the service listens on loopback only, not on `{0}`")]
    Open(SocketAddr),
    /// The address cannot be listened on.
    #[error("`{address}` cannot be listened on: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// There is no certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Changes of the rules cannot be noticed.
    #[error(transparent)]
    Reload(#[from] ReloadError),
    /// The server failed.
    #[error("the server failed: {0}")]
    Server(#[from] io::Error),
}

/// What is served, and to whom.
pub(super) struct Served {
    pub(super) operations: Arc<dyn Operations>,
    pub(super) callers: Option<Arc<Callers>>,
    pub(super) metrics: Metrics,
    pub(super) reload: Option<RuleReload>,
}

/// A service that listens. Connections wait until it [runs](Self::run).
pub struct Bound {
    app: App,
    settings: ServiceSettings,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    reload: Option<RuleReload>,
    stopper: Stopper,
    pages: Router,
    signals: Option<Signals>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Takes the address, reads the certificate, and has everything ready.
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
        metrics: served.metrics,
        limits: settings.limits,
        trusted: trusted.clone(),
        unverified: Room::new(settings.limits.unverified, settings.limits.unverified.div_ceil(SHARES), trusted),
        places: Arc::new(Semaphore::new(settings.limits.requests)),
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
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves further routes beside its own, within the same limits and for the same callers.
    #[must_use]
    pub fn beside(mut self, pages: Router) -> Self {
        self.pages = self.pages.merge(pages);
        self
    }

    /// The address to call, with its scheme.
    #[must_use]
    pub fn base(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Ends it from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Obeys the signals of the operating system from now on: SIGTERM and SIGINT end it, a second one at once, SIGHUP reads
    /// rules and certificate again. Called before anybody is told the address, so that a signal finds somebody who listens.
    ///
    /// # Errors
    /// [`ServiceError`] when the operating system does not let it listen.
    pub fn obeying_signals(mut self) -> Result<Self, ServiceError> {
        self.signals = Some(Signals::listen()?);
        Ok(self)
    }

    /// Serves until a signal that it obeys or its [`Stopper`] ends it.
    ///
    /// # Errors
    /// [`ServiceError`] when rule files cannot be watched or the server fails.
    pub async fn run(self) -> Result<(), ServiceError> {
        let end = Ending {
            stopper: self.stopper.clone(),
            app: self.app.clone(),
            settings: self.settings.clone(),
            operation: Operation::default(),
            handle: Handle::new(),
            until: OnceLock::new(),
        };
        let reloader = self.reload.map(|reload| Reloader::start(reload, self.app.metrics.clone())).transpose()?;
        let trusted = TrustedProxies::new(self.settings.trusted_proxies.clone());
        let gate = Gate::new(&self.settings.limits, trusted, self.app.metrics.clone());
        let entrance = Entrance::new(self.listener, end.operation.clone())?;
        let server = server(entrance, &self.settings, self.app.metrics.clone()).handle(end.handle.clone());
        let service = routes::router(&self.app, self.pages).into_make_service_with_connect_info::<SocketAddr>();
        let listening = obey(self.signals, self.stopper, reloader, self.settings.tls.zip(self.tls.clone()));
        let limit = self.settings.limits.header_time;
        tracing::info!(address = %self.address, "serving");
        tokio::select! {
            served = async {
                accept(server, self.tls, gate, limit, service).await?;
                end.idle().await;
                io::Result::Ok(())
            } => served?,
            never = async { tokio::join!(end.obey(), listening, tidy(self.app.metrics.clone())).2 } => match never {},
        }
        tracing::info!("ended");
        Ok(())
    }
}

/// What serves a connection.
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

/// A server with its limits of time and size.
fn server(entrance: Entrance, settings: &ServiceSettings, metrics: Metrics) -> Server<Peer> {
    let limits = &settings.limits;
    let mut server = Server::from_listener(entrance).first_request_timeout(limits.header_time).accept_error_handler(
        move |_: Option<&Peer>, error: &io::Error| {
            // The gate has counted its own.
            if error.kind() != io::ErrorKind::ConnectionRefused {
                metrics.turned_away("failed");
            }
        },
    );
    let http = server.http_builder();
    // hyper wants room for at least 8 KiB.
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

/// What ends the server in good order, and at once when told again.
struct Ending {
    stopper: Stopper,
    app: App,
    settings: ServiceSettings,
    operation: Operation,
    handle: Handle<Peer>,
    /// Until when running requests may take, once it is known.
    until: OnceLock<Instant>,
}

impl Ending {
    async fn obey(&self) {
        self.stopper.reached(Stage::Draining).await;
        tracing::info!("ending; running requests are answered");
        self.app.ready.stop();
        self.wait(self.settings.notice + SETTLE).await;
        self.operation.close();
        self.wait(SETTLE).await;
        let until = self.until.get_or_init(|| Instant::now() + self.settings.drain);
        self.handle.graceful_shutdown(Some(until.saturating_duration_since(Instant::now())));
        self.stopper.reached(Stage::Now).await;
        self.handle.shutdown();
    }

    async fn wait(&self, time: Duration) {
        // Told again, there is nothing to wait for.
        let _ = timeout(time, self.stopper.reached(Stage::Now)).await;
    }

    /// Waits for work whose caller hung up, as long as running requests may take.
    async fn idle(&self) {
        let until = self.until.get().copied().unwrap_or_else(Instant::now);
        tokio::select! {
            _ = timeout_at(until, self.app.idle()) => {}
            () = self.stopper.reached(Stage::Now) => {}
        }
    }
}

/// Does what signals say.
async fn obey(
    signals: Option<Signals>,
    stopper: Stopper,
    reloader: Option<Reloader>,
    tls: Option<(TlsFiles, RustlsConfig)>,
) {
    let Some(mut signals) = signals else {
        // The reloader works as long as it is held.
        return stopper.reached(Stage::Now).await;
    };
    loop {
        match signals.next().await {
            Signal::Stop => stopper.stop(),
            Signal::Reload => {
                if let Some(reloader) = &reloader {
                    reloader.reload();
                }
                if let Some((files, config)) = &tls {
                    renew(files, config);
                }
            }
        }
    }
}

/// Reads the certificate again; a broken one is told and the old one stays.
fn renew(files: &TlsFiles, config: &RustlsConfig) {
    match tls::load(files) {
        Ok(fresh) => {
            config.reload_from_config(fresh);
            tracing::info!("the certificate was read again");
        }
        Err(error) => tracing::error!(%error, "the certificate is broken; the old one stays"),
    }
}

async fn tidy(metrics: Metrics) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        metrics.tidy();
    }
}
