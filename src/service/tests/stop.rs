//! The end of the service.

use super::*;

#[test]
fn running_requests_are_answered_before_the_end() {
    let mut service = Running::start(|_| {});
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).replace("connection: close\r\n", "").as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    let begun = std::time::Instant::now();
    while TcpStream::connect(service.address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "no new connections are taken");
    }
    service.fake.release.add_permits(1);
    assert_eq!(status(&rest(&mut slow)), 200);
    service.ended().unwrap();
}

#[test]
fn the_service_says_that_it_is_not_ready_before_it_stops_listening() {
    let mut service = Running::start(|settings| settings.notice = PATIENCE * 10);
    assert_eq!(status(&service.get("/health/ready")), 200);
    service.stopper.stop();
    let begun = std::time::Instant::now();
    while status(&service.get("/health/ready")) != 503 {
        assert!(begun.elapsed() < PATIENCE);
    }
    assert_eq!(status(&service.get("/health/live")), 200);
    assert_eq!(status(&service.login("migrated")), 200);
    service.stopper.stop();
    service.ended().unwrap();
}

#[test]
fn the_second_call_does_not_wait() {
    let mut service = Running::start(|settings| settings.drain = PATIENCE * 10);
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    service.stopper.stop();
    service.ended().unwrap();
    assert_eq!(rest(&mut slow), "");
}

#[test]
fn the_drain_has_an_end() {
    let mut service = Running::start(|settings| settings.drain = Duration::from_millis(50));
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    service.ended().unwrap();
    assert_eq!(rest(&mut slow), "");
}
