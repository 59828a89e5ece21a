//! Unauthenticated clients cannot take capacity from authenticated ones.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Bytes;
use http_body::Frame;
use tokio::task::JoinSet;

use super::answers::{SECRET, TOKEN, callers};
use super::*;
use crate::callers::SignedRequest;
use crate::signing::SigningKey;

/// A client that speaks HTTP/2 from a given loopback address.
fn client(from: [u8; 4]) -> reqwest::Client {
    crate::tls::install_provider();
    let from = IpAddr::from(Ipv4Addr::from(from));
    reqwest::Client::builder().http2_prior_knowledge().no_proxy().local_address(from).build().unwrap()
}

/// A body that never arrives.
struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

/// The credentials of an unauthenticated client.
#[derive(Debug, Clone, Copy)]
enum Shows {
    Nothing,
    WrongToken,
    WrongSignature,
}

fn call(service: &Running, client: &reqwest::Client, shows: Shows) -> reqwest::RequestBuilder {
    let url = format!("http://{}/v1/login", service.address);
    let call = client.post(url).header("content-type", "application/json").body(reqwest::Body::wrap(Never));
    match shows {
        Shows::Nothing => call,
        Shows::WrongToken => call.bearer_auth("wrong-token-0123456789"),
        Shows::WrongSignature => call
            .header("webhook-id", "msg")
            .header("webhook-timestamp", jiff::Timestamp::now().as_second())
            .header("webhook-signature", format!("v1,{}", "A".repeat(44))),
    }
}

/// Nine connections with as many requests as each may have, none of which ever sends its body: more than there are
/// permits.
fn attack(service: &Running, shows: Shows) -> JoinSet<Option<u16>> {
    let mut attack = JoinSet::new();
    for _ in 0..9 {
        let client = client([127, 0, 0, 1]);
        for _ in 0..64 {
            let call = call(service, &client, shows);
            attack.spawn_on(async move { Some(call.send().await.ok()?.status().as_u16()) }, service.runtime.handle());
        }
    }
    attack
}

/// Waits for this many answers, and checks their status.
fn assert_answers(service: &Running, attack: &mut JoinSet<Option<u16>>, wanted: usize, status: u16) {
    service.runtime.block_on(async {
        for _ in 0..wanted {
            let answer = tokio::time::timeout(TIMEOUT, attack.join_next()).await.expect("an answer at once");
            assert_eq!(answer.unwrap().unwrap(), Some(status));
        }
    });
}

fn bearers_are_served(service: &Running) {
    let began = Instant::now();
    let headers = format!("authorization: Bearer {TOKEN}\r\n");
    for _ in 0..20 {
        assert_eq!(status(&service.exchange(&post("/v1/login", &headers, &login("migrated")))), 200);
    }
    assert!(began.elapsed() < TIMEOUT / 2, "{:?}", began.elapsed());
}

/// Limits that let bodies take longer than the test.
fn slow(settings: &mut ServiceSettings) {
    settings.limits.body_time = TIMEOUT * 10;
    settings.limits.request_time = TIMEOUT * 10;
}

#[test]
fn unauthenticated_requests_are_rejected_before_their_bodies_arrive() {
    for shows in [Shows::Nothing, Shows::WrongToken] {
        let service = Running::start_with(callers(), None, slow);
        let mut attack = attack(&service, shows);
        assert_answers(&service, &mut attack, 9 * 64, 401);
        bearers_are_served(&service);
    }
}

#[test]
fn slow_unauthenticated_bodies_take_no_permits() {
    let service = Running::start_with(callers(), None, slow);
    let mut attack = attack(&service, Shows::WrongSignature);
    let held = service.share();
    assert_answers(&service, &mut attack, 9 * 64 - held, 503);
    bearers_are_served(&service);
    // A caller that signs its call, from another address.
    let answer = service.runtime.block_on(async {
        let (body, now) = (login("migrated"), jiff::Timestamp::now().as_second());
        let request = SignedRequest { method: "POST", path: "/v1/login", body: body.as_bytes() };
        let signature = SigningKey::new(&SECRET.to_owned().into()).unwrap().sign("own", now, &request.content());
        let call = client([127, 0, 0, 2]).post(format!("http://{}/v1/login", service.address));
        let call = call.header("content-type", "application/json").header("webhook-id", "own");
        let call = call.header("webhook-timestamp", now).header("webhook-signature", signature).body(body);
        tokio::time::timeout(TIMEOUT, call.send()).await.unwrap().unwrap().status().as_u16()
    });
    assert_eq!(answer, 200);
    drop(attack);
    assert!(service.metrics.render().contains("landfall_http_shed_total"), "{}", service.metrics.render());
}
