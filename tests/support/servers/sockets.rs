//! What the standard library cannot set on a socket.

use std::net::TcpStream;
use std::time::Duration;

use tokio::net::TcpSocket;

/// A socket that does not linger is reset when its last handle is closed.
pub fn reset_when_closed(stream: &TcpStream) {
    let Ok(copy) = stream.try_clone() else { return };
    #[allow(deprecated, reason = "its successor is younger than the versions of tokio that are allowed here")]
    let _ = TcpSocket::from_std_stream(copy).set_linger(Some(Duration::ZERO));
}
