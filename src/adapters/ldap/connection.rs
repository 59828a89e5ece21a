//! Connections to the servers of a directory: TLS, fail-over, and a pool of those that search.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::error::Failure;
use super::pipe::pipe;
use super::relay::{Limits, Relay};
use super::settings::Directory;
use super::transport::{Address, connector};
use crate::adapters::pooling::{end_of_wait, is_full, is_too_old};
use crate::ports::PortErrorKind;

/// How long a server that failed is tried after the others.
const SHUNNED: Duration = Duration::from_secs(30);

/// A connection. Dropped, it is closed at once, whatever it was doing.
pub(super) struct Connection {
    /// Sends operations.
    pub ldap: Ldap,
    driver: JoinHandle<()>,
    relay: Relay,
    server: Shunned,
}

impl Connection {
    /// Watches an operation.
    pub fn suspicion(&self) -> Suspicion {
        Suspicion::of(self)
    }

    /// Why an operation failed: what the relay has found, or else what the driver says.
    pub fn failure(&self, error: &LdapError) -> Failure {
        self.relay.fault().cloned().unwrap_or_else(|| Failure::driver(error))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The servers of a directory.
pub(super) struct Servers {
    servers: Vec<Server>,
    tls: TlsConnector,
    limits: Limits,
    directory: Directory,
}

struct Server {
    address: Address,
    shunned: Shunned,
}

/// Until when the other servers are tried first.
#[derive(Clone)]
struct Shunned {
    /// In milliseconds since birth.
    until: Arc<AtomicU64>,
    born: Instant,
}

impl Shunned {
    fn new(born: Instant) -> Self {
        Self { until: Arc::default(), born }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn holds(&self) -> bool {
        self.until.load(Ordering::Relaxed) > self.now()
    }

    fn begin(&self) {
        let length = u64::try_from(SHUNNED.as_millis()).unwrap_or(u64::MAX);
        self.until.store(self.now().saturating_add(length), Ordering::Relaxed);
    }
}

/// The server of an operation is shunned unless the operation ends with an answer: one that hangs must not be asked first
/// by every login.
pub(super) struct Suspicion {
    server: Shunned,
    is_over: AtomicBool,
}

impl Suspicion {
    /// The server is asked.
    fn of(connection: &Connection) -> Self {
        Self { server: connection.server.clone(), is_over: AtomicBool::new(false) }
    }

    /// The server has answered.
    pub fn clear(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// The operation has failed.
    pub fn judge(&self, failure: &Failure) {
        if !failure.is_outage() {
            self.clear();
        }
    }
}

impl Drop for Suspicion {
    fn drop(&mut self) {
        if !self.is_over.load(Ordering::Relaxed) {
            self.server.begin();
        }
    }
}

impl Servers {
    /// Reads addresses and certificates; connects to nothing. Records have at most so many bytes.
    pub fn new(directory: Directory, folder: &Path, record_limit: usize) -> Result<Self, String> {
        let (tls, limits, born) = (connector(&directory, folder)?, Limits::of_record(record_limit), Instant::now());
        let servers = directory.servers.iter().map(|server| {
            Ok(Server { address: Address::new(server, directory.start_tls)?, shunned: Shunned::new(born) })
        });
        let servers = servers.collect::<Result<_, String>>()?;
        Ok(Self { servers, tls, limits, directory })
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
        let mut order: Vec<&Server> = self.servers.iter().collect();
        order.sort_by_key(|server| server.shunned.holds());
        let mut failure = Failure::late();
        for (at, server) in order.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let servers = u32::try_from(order.len() - at).unwrap_or(u32::MAX);
            match timeout(left / servers, self.open(server, as_account)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(failure)) if !failure.may_pass_elsewhere() => return Err(failure),
                Ok(Err(other)) => failure = other,
                Err(_) => failure = Failure::late(),
            }
            server.shunned.begin();
        }
        Err(failure)
    }

    async fn open(&self, server: &Server, as_account: bool) -> Result<Connection, Failure> {
        let stream = server.address.connect(&self.tls).await?;
        let no_socket = |_| Failure::new(PortErrorKind::Unavailable, "no socket is left on this machine");
        let pipe = pipe().await.map_err(no_socket)?;
        let relay = Relay::start(stream, pipe.end, self.limits);
        let settings = LdapConnSettings::new().set_std_stream(pipe.library);
        let opened = LdapConnAsync::with_settings(settings, pipe.address).await;
        let (connection, ldap) = opened.map_err(|error| Failure::driver(&error))?;
        // an error of the driver is also the error of the operation that waits for an answer
        let driver = tokio::spawn(async move { drop(connection.drive().await) });
        let mut connection = Connection { ldap, driver, relay, server: server.shunned.clone() };
        if let Some(bind) = self.directory.bind.as_ref().filter(|_| as_account) {
            if bind.password.expose().is_empty() {
                return Err(Failure::new(PortErrorKind::Misconfigured, "the password of the bind account is empty"));
            }
            let bound = connection.ldap.simple_bind(&bind.dn, bind.password.expose()).await;
            match bound.map_err(|error| connection.failure(&error))? {
                result if result.rc == 0 => {}
                result => return Err(Failure::result(&result)),
            }
        }
        Ok(connection)
    }
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
        let is_shunned = self.0.servers.len() > 1 && connection.server.holds();
        if connection.driver.is_finished() || is_shunned || is_too_old(metrics) {
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
            Ok(Ok(object)) => Ok(Lease { suspicion: Suspicion::of(&object), object: Some(object) }),
            Ok(Err(PoolError::Backend(failure))) => Err(failure),
            Ok(Err(_)) => Err(all_in_use()),
            Err(_) => Err(if is_full(self.0.status()) { all_in_use() } else { Failure::late() }),
        }
    }

    /// After a search has failed: returns if it should be sent again on a new connection.
    ///
    /// # Errors
    /// Why it failed.
    pub fn again(&self, lease: &Lease, failure: Failure) -> Result<(), Failure> {
        if !lease.was_closed(&failure) {
            return Err(lease.explained(failure));
        }
        // the server has probably closed those that nobody uses, too
        self.0.retain(|_, _| false);
        Ok(())
    }

    /// The servers.
    pub fn servers(&self) -> &Servers {
        &self.0.manager().0
    }
}

/// A connection on loan. Unless it is given back it is closed: an answer may still be on its way.
pub(super) struct Lease {
    object: Option<Object<Manager>>,
    suspicion: Suspicion,
}

impl Lease {
    /// Sends operations.
    pub fn ldap(&mut self) -> Result<&mut Ldap, Failure> {
        let connection = self.object.as_deref_mut();
        connection.map(|connection| &mut connection.ldap).ok_or_else(Failure::late)
    }

    /// Whether an operation failed because the server has closed the connection while nobody used it, as after a restart. A
    /// search may be sent again.
    fn was_closed(&self, failure: &Failure) -> bool {
        let is_used = |object: &Object<Manager>| Object::metrics(object).recycle_count > 0;
        let has_fault = |object: &Object<Manager>| object.relay.fault().is_some();
        let was_closed =
            failure.is_broken() && self.object.as_ref().is_some_and(|object| is_used(object) && !has_fault(object));
        if was_closed {
            self.suspicion.clear();
        }
        was_closed
    }

    /// Why an operation on it failed.
    pub fn explained(&self, failure: Failure) -> Failure {
        let fault = self.object.as_deref().and_then(|connection| connection.relay.fault());
        let failure = fault.cloned().unwrap_or(failure);
        self.suspicion.judge(&failure);
        failure
    }

    /// Gives the connection back.
    pub fn end(mut self) {
        self.suspicion.clear();
        drop(self.object.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}
