//! The password migration of VTEX B2B: a signed POST; the status alone counts, and a technical error is tried again.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Answer, Asked, Client, Decision, send};

pub struct Vtex;

const ID: &str = "acme-store";
/// In Base64.
const SECRET: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";

static NONCES: AtomicU64 = AtomicU64::new(0);

/// One call.
async fn call(http: &reqwest::Client, bridge: &str, body: &str) -> Answer {
    let url = reqwest::Url::parse(&format!("{bridge}/authentication")).expect("an address");
    let time = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let nonce = format!("{}-{}", std::process::id(), NONCES.fetch_add(1, Ordering::Relaxed));
    let content = STANDARD.encode(Sha256::digest(body));
    let lines = ["POST", url.path(), ID, &time, &nonce, &content].join("\n");
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET).expect("Base64")).expect("a key");
    mac.update(lines.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let signed = "X-VTEX-Client-Id;X-VTEX-Timestamp;X-VTEX-Nonce;X-VTEX-Content-SHA256";
    let request = http
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("x-vtex-client-id", ID)
        .header("x-vtex-timestamp", time)
        .header("x-vtex-nonce", nonce)
        .header("x-vtex-content-sha256", content)
        .header("authorization", format!("HMAC-SHA256 SignedHeaders={signed}&Signature={signature}"))
        .body(body.to_owned());
    send(request, false).await
}

impl Client for Vtex {
    fn kind(&self) -> &'static str {
        "vtex"
    }

    fn settings(&self) -> String {
        format!("clients: [ {{ id: {ID}, secret: '{SECRET}' }} ]")
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let body = json!({ "username": identifier, "password": password }).to_string();
            let mut answer = call(http, bridge, &body).await;
            if !matches!(answer.status, 200 | 401 | 403) {
                answer = call(http, bridge, &body).await;
            }
            answer.seen(match answer.status {
                200 => Decision::SignedIn { must_change: false },
                401 => Decision::Refused,
                _ => Decision::Unavailable,
            })
        })
    }
}
