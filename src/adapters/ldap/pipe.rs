//! Two ends of a connection within this process: the LDAP library wants a socket of the operating system.

use std::io;

use ldap3::StdStream;

/// The end of the library, the address that goes with it, and the other end.
pub(super) struct Pipe<S> {
    pub library: StdStream,
    pub address: &'static str,
    pub end: S,
}

/// A pair of sockets without a name.
#[cfg(unix)]
pub(super) async fn pipe() -> io::Result<Pipe<tokio::net::UnixStream>> {
    let (library, end) = tokio::net::UnixStream::pair()?;
    Ok(Pipe { library: StdStream::Unix(library.into_std()?), address: "ldapi:///", end })
}

/// A connection to a port of this machine, on which nobody else is accepted.
#[cfg(not(unix))]
pub(super) async fn pipe() -> io::Result<Pipe<tokio::net::TcpStream>> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let library = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    let (end, peer) = listener.accept().await?;
    if peer != library.local_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(Pipe { library: StdStream::Tcp(library.into_std()?), address: "ldap://localhost", end })
}
