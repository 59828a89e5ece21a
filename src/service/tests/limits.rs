//! The limits of the service.

use super::*;

#[test]
fn slow_heads_are_cut_off() {
    let service = Running::start(|settings| settings.limits.header_time = Duration::from_millis(50));
    for begun in ["", "P", "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-"] {
        let mut stream = service.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        assert!(!rest(&mut stream).contains("200"), "{begun:?}");
    }
    assert_eq!(service.asked(), 0);
}

#[test]
fn slow_bodies_are_cut_off() {
    let service = Running::start(|settings| settings.limits.body_time = Duration::from_millis(50));
    let whole = post("/v1/login", "", &login("migrated"));
    let mut stream = service.connect();
    stream.write_all(&whole.as_bytes()[..whole.len() - 1]).unwrap();
    let response = rest(&mut stream);
    assert_eq!((status(&response), service.asked()), (408, 0), "{response}");
}

#[test]
fn idle_connections_are_closed() {
    let service = Running::start(|settings| settings.limits.idle_time = Duration::from_millis(50));
    let mut stream = service.connect();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let response = rest(&mut stream);
    assert_eq!(status(&response), 200, "{response}");
}

#[test]
fn large_heads_are_rejected() {
    let service = Running::start(|_| {});
    let large = format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(40_000));
    assert_eq!(status(&service.exchange(&large)), 431);
}

#[test]
fn connections_per_peer_are_limited() {
    let service = Running::start(|settings| settings.limits.connections_per_peer = 2);
    let ask = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let open = || {
        let mut stream = service.connect();
        stream.write_all(ask).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).map(|()| stream)
    };
    let held = [open().unwrap(), open().unwrap()];
    assert!(open().is_err(), "the third is closed");
    drop(held);
    let begun = std::time::Instant::now();
    while open().is_err() {
        assert!(begun.elapsed() < TIMEOUT, "a slot is free again when connections end");
    }
    assert!(service.metrics.render().contains("landfall_connections_refused_total{reason=\"peer\"}"));
}

#[test]
fn requests_over_the_limit_are_turned_away_at_once() {
    let service = Running::start(|settings| settings.limits.requests = 1);
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    let turned_away = service.login("migrated");
    assert_eq!((status(&turned_away), header(&turned_away, "retry-after")), (503, Some("1")));
    assert_eq!(service.asked(), 1, "nothing was looked up");
    assert_eq!(status(&service.get("/health/ready")), 200, "health needs no permit");
    service.fake.release.add_permits(1);
    assert_eq!(status(&rest(&mut slow)), 200);
    assert_eq!(status(&service.login("migrated")), 200);
}

#[test]
fn work_continues_and_keeps_its_permit_when_the_caller_hangs_up() {
    let service = Running::start(|settings| settings.limits.requests = 1);
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    drop(slow);
    assert_eq!(status(&service.login("migrated")), 503, "the permit is held as long as the work runs");
    service.fake.release.add_permits(1);
    let begun = std::time::Instant::now();
    while status(&service.login("migrated")) != 200 {
        assert!(begun.elapsed() < TIMEOUT, "the permit is free when the work is done");
    }
    assert_eq!(service.fake.finished.load(Ordering::SeqCst), 1);
}

#[test]
fn requests_that_take_too_long_get_503() {
    let service = Running::start(|settings| settings.limits.request_time = Duration::from_millis(50));
    assert_eq!(status(&service.login("slow")), 503);
    service.fake.release.add_permits(1);
}
