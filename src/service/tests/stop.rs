//! Stopping the service.

use super::*;

#[test]
fn running_requests_are_answered_before_the_service_stops() {
    let mut service = Running::start(|_| {});
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).replace("connection: close\r\n", "").as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    let begun = std::time::Instant::now();
    while TcpStream::connect(service.address).is_ok() {
        assert!(begun.elapsed() < TIMEOUT, "no new connections are accepted");
    }
    service.fake.release.add_permits(1);
    assert_eq!(status(&rest(&mut slow)), 200);
    service.ended().unwrap();
}

#[test]
fn readiness_fails_before_the_service_stops_listening() {
    let mut service = Running::start(|settings| settings.notice = TIMEOUT * 10);
    assert_eq!(status(&service.get("/health/ready")), 200);
    service.stopper.stop();
    let begun = std::time::Instant::now();
    while status(&service.get("/health/ready")) != 503 {
        assert!(begun.elapsed() < TIMEOUT);
    }
    assert_eq!(status(&service.get("/health/live")), 200);
    assert_eq!(status(&service.login("migrated")), 200);
    service.stopper.stop();
    service.ended().unwrap();
}

#[test]
fn the_second_stop_does_not_wait() {
    let mut service = Running::start(|settings| settings.drain = TIMEOUT * 10);
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    service.stopper.stop();
    service.ended().unwrap();
    assert_eq!(rest(&mut slow), "");
}

#[test]
fn the_drain_is_limited() {
    let mut service = Running::start(|settings| settings.drain = Duration::from_millis(50));
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    service.stopper.stop();
    service.ended().unwrap();
    assert_eq!(rest(&mut slow), "");
}

/// A request that was sent before the stop, on an idle connection, and has not been read yet.
#[test]
fn requests_sent_before_the_stop_are_answered() {
    let ask = post("/v1/login", "", &login("migrated")).replace("connection: close\r\n", "");
    for round in 0..20 {
        let mut service = Running::start(|_| {});
        let mut waiting: Vec<_> = (0..8).map(|_| service.connect()).collect();
        for stream in &mut waiting {
            stream.write_all(ask.as_bytes()).unwrap();
            let mut first = [0; 4096];
            let read = stream.read(&mut first).unwrap();
            assert_eq!(status(&String::from_utf8_lossy(&first[..read])), 200);
        }
        waiting.extend((0..8).map(|_| service.connect()));
        for stream in &mut waiting {
            stream.write_all(ask.as_bytes()).unwrap();
        }
        service.stopper.stop();
        for (number, stream) in waiting.iter_mut().enumerate() {
            let answer = rest(stream);
            assert_eq!(status(&answer), 200, "round {round}, connection {number}: {answer}");
        }
        service.ended().unwrap();
    }
}

#[test]
fn connections_are_announced_to_close() {
    let mut service = Running::start(|settings| settings.notice = TIMEOUT * 10);
    let ask = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut stream = service.connect();
    stream.write_all(ask.as_bytes()).unwrap();
    let mut first = [0; 4096];
    let read = stream.read(&mut first).unwrap();
    assert_eq!(header(&String::from_utf8_lossy(&first[..read]), "connection"), None);
    service.stopper.stop();
    stream.write_all(ask.as_bytes()).unwrap();
    assert_eq!(header(&rest(&mut stream), "connection"), Some("close"));
    service.stopper.stop();
    service.ended().unwrap();
}

#[test]
fn work_whose_caller_hung_up_finishes_before_the_stop() {
    let mut service = Running::start(|_| {});
    let mut slow = service.connect();
    slow.write_all(post("/v1/login", "", &login("slow")).as_bytes()).unwrap();
    service.slow_began();
    drop(slow);
    service.stopper.stop();
    let begun = std::time::Instant::now();
    while TcpStream::connect(service.address).is_ok() {
        assert!(begun.elapsed() < TIMEOUT, "no new connections are accepted");
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(!service.task.as_ref().unwrap().is_finished(), "the service waits for the work");
    service.fake.release.add_permits(1);
    service.ended().unwrap();
    assert_eq!(service.fake.finished.load(Ordering::SeqCst), 1);
}

#[test]
fn the_drain_is_longer_than_the_request_timeout() {
    let settings = ServiceSettings::default();
    assert!(settings.drain > settings.limits.request_time);
}
