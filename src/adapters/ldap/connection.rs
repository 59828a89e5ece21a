//! Connections to the servers of a directory: TLS, fail-over, and a pool of those that search.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::error::Failure;
use super::settings::Directory;
use crate::adapters::pooling::{end_of_wait, is_full, is_too_old};
use crate::ports::PortErrorKind;

/// How long a server that failed is tried after the others.
const SHUNNED: Duration = Duration::from_secs(30);

/// A connection. Dropped, it is closed at once, whatever it was doing.
pub(super) struct Connection {
    /// Sends operations.
    pub ldap: Ldap,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The servers of a directory.
pub(super) struct Servers {
    servers: Vec<Server>,
    tls: LdapConnSettings,
    directory: Directory,
    born: Instant,
}

struct Server {
    url: Url,
    /// Until when the others are tried first, in milliseconds since birth.
    shunned: AtomicU64,
}

impl Servers {
    /// Reads addresses and certificates; connects to nothing.
    pub fn new(directory: Directory, folder: &Path) -> Result<Self, String> {
        let tls = tls(&directory, folder)?;
        let servers = directory.servers.iter().map(|server| {
            let url = Url::parse(server).map_err(|error| format!("invalid address of a server: {error}"))?;
            Ok(Server { url, shunned: AtomicU64::new(0) })
        });
        let servers = servers.collect::<Result<_, String>>()?;
        Ok(Self { servers, tls, directory, born: Instant::now() })
    }

    /// Connects to the first server that answers, and binds as nobody.
    pub async fn connect(&self, deadline: Instant) -> Result<Connection, Failure> {
        self.first(deadline, false).await
    }

    /// Connects to the first server that answers, and binds as the account that searches.
    pub async fn bound(&self, deadline: Instant) -> Result<Connection, Failure> {
        self.first(deadline, true).await
    }

    async fn first(&self, deadline: Instant, as_account: bool) -> Result<Connection, Failure> {
        let now = self.now();
        let mut order: Vec<&Server> = self.servers.iter().collect();
        order.sort_by_key(|server| server.shunned.load(Ordering::Relaxed) > now);
        let mut failure = Failure::late();
        for (at, server) in order.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let servers = u32::try_from(order.len() - at).unwrap_or(u32::MAX);
            match timeout(left / servers, self.open(server, as_account)).await {
                Ok(Ok(connection)) => return Ok(connection),
                // another server has the same account, and counts another failure
                Ok(Err(failure)) if !failure.is_outage() => return Err(failure),
                Ok(Err(other)) => failure = other,
                Err(_) => failure = Failure::late(),
            }
            let until = now + u64::try_from(SHUNNED.as_millis()).unwrap_or(u64::MAX);
            server.shunned.store(until, Ordering::Relaxed);
        }
        Err(failure)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn open(&self, server: &Server, as_account: bool) -> Result<Connection, Failure> {
        let stream = stream(&server.url).await.map_err(|error| Failure::driver(&error.into()))?;
        let settings = self.tls.clone().set_std_stream(StdStream::Tcp(stream));
        let opened = LdapConnAsync::from_url_with_settings(settings, &server.url).await;
        let (connection, ldap) = opened.map_err(|error| Failure::driver(&error))?;
        // an error of the driver is also the error of the operation that waits for an answer
        let driver = tokio::spawn(async move { drop(connection.drive().await) });
        let mut connection = Connection { ldap, driver };
        if let Some(bind) = self.directory.bind.as_ref().filter(|_| as_account) {
            if bind.password.expose().is_empty() {
                return Err(Failure::new(PortErrorKind::Misconfigured, "the password of the bind account is empty"));
            }
            let bound = connection.ldap.simple_bind(&bind.dn, bind.password.expose()).await;
            match bound.map_err(|error| Failure::driver(&error))? {
                result if result.rc == 0 => {}
                result => return Err(Failure::result(&result)),
            }
        }
        Ok(connection)
    }
}

/// A stream that sends at once: a bind right after the handshake of TLS would wait 40 ms for an acknowledgement.
async fn stream(url: &Url) -> io::Result<std::net::TcpStream> {
    let port = url.port().unwrap_or(if url.scheme() == "ldaps" { 636 } else { 389 });
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost");
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    stream.into_std()
}

/// How connections are encrypted, and whom they trust.
pub(super) fn tls(directory: &Directory, folder: &Path) -> Result<LdapConnSettings, String> {
    crate::tls::install_provider();
    let settings = LdapConnSettings::new().set_starttls(directory.start_tls);
    let Some(ca) = &directory.ca else { return Ok(settings) };
    let path = folder.join(ca);
    let unreadable = |why: String| format!("cannot read the certificates in `{}`: {why}", ca.display());
    let file = File::open(path).map_err(|error| unreadable(error.kind().to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_reader_iter(BufReader::new(file)) {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("the file contains no certificate".to_owned()));
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(settings.set_config(Arc::new(config)))
}

tokio::task_local! {
    /// When the caller of the pool gives up, for the connection that the pool makes for it.
    static DEADLINE: Instant;
}

/// Makes connections that search.
pub(super) struct Manager(Servers);

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Failure;

    async fn create(&self) -> Result<Connection, Failure> {
        let deadline = DEADLINE.try_with(|deadline| *deadline).unwrap_or_else(|_| Instant::now());
        self.0.bound(deadline).await
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<Failure> {
        // the driver of a connection that the server has closed has ended
        if connection.driver.is_finished() || is_too_old(metrics) {
            return Err(RecycleError::message("the connection is closed or too old"));
        }
        Ok(())
    }
}

/// The connections that search.
pub(super) struct Pool(managed::Pool<Manager>);

impl Pool {
    /// A pool that connects when a connection is needed.
    pub fn new(servers: Servers, connections: u32) -> Result<Self, String> {
        let size = usize::try_from(connections).unwrap_or(usize::MAX).max(1);
        let pool = managed::Pool::builder(Manager(servers)).max_size(size).build();
        pool.map(Self).map_err(|error| error.to_string())
    }

    /// A connection that is bound as the account that searches.
    pub async fn lease(&self, deadline: Instant) -> Result<Lease, Failure> {
        let deadline = end_of_wait(deadline);
        let found = DEADLINE.scope(deadline, timeout_at(deadline, self.0.get())).await;
        let all_in_use = || Failure::new(PortErrorKind::RateLimited, "all connections are in use");
        match found {
            Ok(Ok(object)) => Ok(Lease(Some(object))),
            Ok(Err(PoolError::Backend(failure))) => Err(failure),
            Ok(Err(_)) => Err(all_in_use()),
            Err(_) => Err(if is_full(self.0.status()) { all_in_use() } else { Failure::late() }),
        }
    }

    /// The servers.
    pub fn servers(&self) -> &Servers {
        &self.0.manager().0
    }
}

/// A connection on loan. Unless it is given back it is closed: an answer may still be on its way.
pub(super) struct Lease(Option<Object<Manager>>);

impl Lease {
    /// Sends operations.
    pub fn ldap(&mut self) -> Result<&mut Ldap, Failure> {
        let connection = self.0.as_deref_mut();
        connection.map(|connection| &mut connection.ldap).ok_or_else(Failure::late)
    }

    /// Gives the connection back.
    pub fn end(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
