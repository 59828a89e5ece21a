//! A webhook receiver that records everything it receives.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::StatusCode;

/// A server in this process on its own port. It answers 204 to everything.
pub struct Receiver {
    pub base: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        let take = async move |headers: HeaderMap, body: Bytes| {
            let mut kept = kept.lock().unwrap();
            kept.extend(format!("{headers:?}\n").into_bytes());
            kept.extend(body);
            kept.push(b'\n');
            StatusCode::NO_CONTENT
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        Self { base, received }
    }

    /// The received headers and bodies.
    pub fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }
}
