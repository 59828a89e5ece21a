//! The server of faults does what its names say: a matrix over faults that do not happen would prove nothing.

use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, Error, Response, redirect};

use crate::servers::http_faults::{Answer, BadTls, Fault, FaultServer};

const RECORD: &str = r#"{"id":"7","login":"ada"}"#;

fn server() -> FaultServer {
    FaultServer::start(|_| Answer::json(RECORD))
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(Duration::from_millis(1500));
    client.build().expect("a client")
}

async fn get(server: &FaultServer) -> Result<Response, Error> {
    client().get(format!("{}/users/ada", server.url())).send().await
}

/// Status and body, or the error of either.
async fn answer(server: &FaultServer) -> Result<(u16, String), Error> {
    let response = get(server).await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

#[tokio::test]
async fn without_a_fault_it_answers_over_one_connection() {
    let (server, client) = (server(), client());
    for _ in 0..3 {
        let response = client.get(server.url()).send().await.expect("an answer");
        assert_eq!(response.text().await.expect("a body"), RECORD);
    }
    assert_eq!((server.requests(), server.open()), (3, 1));
}

#[tokio::test]
async fn faults_of_time_take_time() {
    let server = server();
    for fault in [Fault::BlackHole, Fault::Drip, Fault::Latency(Duration::from_secs(5))] {
        server.set(fault.clone());
        assert!(answer(&server).await.expect_err("no answer").is_timeout(), "{fault:?}");
    }
    let began = Instant::now();
    server.set(Fault::Latency(Duration::from_millis(300)));
    assert_eq!(answer(&server).await.expect("an answer"), (200, RECORD.to_owned()));
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn faults_of_connections_are_errors_until_they_are_healed() {
    let server = server();
    server.set(Fault::Refuse);
    assert!(get(&server).await.expect_err("no connection").is_connect());
    for fault in [Fault::Reset, Fault::ShortBody, Fault::NotHttp, Fault::EndlessHeaders] {
        server.set(fault.clone());
        let error = answer(&server).await.expect_err("no answer");
        assert!(!error.is_timeout() && !error.is_connect(), "{fault:?}: {error:?}");
        if fault == Fault::Reset {
            assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
        }
    }
    server.heal();
    assert_eq!(answer(&server).await.expect("an answer"), (200, RECORD.to_owned()));
}

#[tokio::test]
async fn a_flapping_server_is_down_and_up_by_turns() {
    let server = server();
    server.set(Fault::Flapping);
    let (began, mut seen) = (Instant::now(), vec![]);
    while began.elapsed() < Duration::from_millis(3900) {
        let up = answer(&server).await.is_ok();
        if seen.last() != Some(&up) {
            seen.push(up);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen, [false, true, false, true]);
}

#[tokio::test]
async fn faults_of_answers_have_their_status_and_body() {
    let (server, elsewhere) = (server(), server());
    let statuses = [500, 502, 503].map(|status| (Fault::Status(status), status));
    let redirects = [301, 302, 307].map(|status| (Fault::Redirect(status, elsewhere.address), status));
    let many = [(Fault::TooMany(None), 429), (Fault::TooMany(Some("30")), 429)];
    for (fault, status) in statuses.into_iter().chain(redirects).chain(many) {
        server.set(fault.clone());
        let response = get(&server).await.expect("an answer");
        assert_eq!(response.status().as_u16(), status);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(header("retry-after").as_deref(), (fault == Fault::TooMany(Some("30"))).then_some("30"));
        let location = matches!(fault, Fault::Redirect(..)).then(|| format!("{}/elsewhere", elsewhere.url()));
        assert_eq!(header("location"), location);
    }
    assert_eq!(elsewhere.requests(), 0);
    for (fault, begin) in [
        (Fault::Empty, ""),
        (Fault::Html, "<!doctype html>"),
        (Fault::BadJson, r#"{"id":"7","login":"ada""#),
        (Fault::DuplicateKeys, r#"{"id":"other","login":"other","id":"7","login":"ada"}"#),
        (Fault::DeepNesting, "[[[["),
    ] {
        server.set(fault.clone());
        let (status, body) = answer(&server).await.expect("an answer");
        assert!(status == 200 && body.starts_with(begin), "{fault:?}: {body}");
        assert!(body.len() == begin.len() || !matches!(fault, Fault::Empty | Fault::BadJson | Fault::DuplicateKeys));
    }
    server.set(Fault::WrongCharset);
    let bytes = get(&server).await.expect("an answer").bytes().await.expect("a body");
    assert!(std::str::from_utf8(&bytes).is_err());
}

#[tokio::test]
async fn huge_bodies_have_no_end_in_sight() {
    let server = server();
    for (fault, length) in [
        (Fault::HugeBody { announced: true }, Some(1 << 30)),
        (Fault::HugeBody { announced: false }, None),
        (Fault::GzipBomb, None),
    ] {
        server.set(fault.clone());
        let mut response = get(&server).await.expect("an answer");
        assert_eq!(response.content_length(), length, "{fault:?}");
        let mut read = 0;
        while read < 64 << 20 {
            let chunk = response.chunk().await.unwrap_or_else(|error| panic!("{fault:?} after {read}: {error:?}"));
            let chunk = chunk.unwrap_or_else(|| panic!("{fault:?}: ended after {read}"));
            assert!(read > 0 || chunk[0] == b'"' || chunk[0] == b'{', "{fault:?}: not JSON");
            read += chunk.len();
        }
    }
}

#[tokio::test]
async fn bad_tls_is_not_trusted() {
    let server = FaultServer::start_tls(|_| Answer::json(RECORD));
    let authority = Certificate::from_pem(server.authority().as_bytes()).expect("a certificate");
    let trusting = || {
        let client = Client::builder().tls_certs_only([authority.clone()]).no_proxy().timeout(Duration::from_secs(5));
        client.build().expect("a client").get(server.url()).send()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert_eq!(trusting().await.expect("an answer").status(), 200);
    for (bad, words) in [
        (BadTls::Expired, "Expired"),
        (BadTls::WrongHost, "NotValidForName"),
        (BadTls::SelfSigned, ""),
        (BadTls::WrongAuthority, ""),
        (BadTls::Plain, "InvalidContentType"),
    ] {
        server.set(Fault::Tls(bad));
        let error = trusting().await.expect_err("no answer");
        assert!(error.is_connect() && format!("{error:?}").contains(words), "{bad:?}: {error:?}");
    }
    server.heal();
    assert_eq!(trusting().await.expect("an answer").status(), 200);
}
