//! A service under more logins than it can serve: `landfall serve` in a process of its own, and clients that send the
//! next login as soon as one is answered, and the same login again as soon as it is answered 503.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::cpu::{self, Spent};
use crate::stores::Stores;
use crate::world::Cost;
use crate::{Row, Size, customers, median, world};

/// Clients that the service can serve.
const FEW: usize = 16;
/// More than it can serve.
const MANY: usize = 400;
/// How long a load lasts before its answers count: until the queues are as long as they get.
const BEFORE: Duration = Duration::from_secs(2);
/// Customers of each world; a second has less than 200 first logins.
const CUSTOMERS: u64 = 40_000;

/// A running service.
struct Service {
    process: Child,
    address: SocketAddr,
    next: AtomicU64,
    _folder: TempDir,
}

impl Service {
    fn start(stores: &Stores) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Customers come from many networks, and the limits of one network do not matter here.
        let more = "listen: 127.0.0.1:0\nservice: { trusted_proxies: [ 127.0.0.1/32 ] }\n";
        world::write(folder.path(), CUSTOMERS, &format!("{}{more}", world::usual(Cost::Default, stores)));
        let process = Command::new(env!("CARGO_BIN_EXE_landfall"))
            .arg("serve")
            .current_dir(folder.path())
            .env("KEY", "0123456789abcdef".repeat(4))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = process.unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok()).unwrap();
        Self { process, address, next: AtomicU64::new(0), _folder: folder }
    }

    /// The highest resident memory (`VmHWM`, proc(5)) in MiB since it was last reset.
    fn peak(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let figure = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        figure.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }

    fn reset_peak(&self) {
        // Without it, the peak of the whole process is shown.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The answers of one load, in milliseconds.
#[derive(Default)]
struct Answers {
    migrated: Vec<f64>,
    unavailable: Vec<f64>,
}

/// One load.
struct Load {
    answers: Answers,
    /// First logins per second.
    rate: f64,
    /// CPU seconds of the service for each second.
    spent: Spent,
    /// Resident memory, in MiB.
    peak: f64,
}

async fn load(service: &Arc<Service>, clients: usize, lasts: Duration) -> Load {
    service.reset_peak();
    let from = Instant::now() + BEFORE;
    let until = from + lasts;
    let tasks: Vec<_> = (0..clients).map(|_| tokio::spawn(client(Arc::clone(service), from, until))).collect();
    tokio::time::sleep_until(from.into()).await;
    let threads = cpu::snapshot_of(&service.process.id().to_string());
    tokio::time::sleep_until(until.into()).await;
    let spent = threads.spent();
    let mut answers = Answers::default();
    for client in tasks {
        let Answers { migrated, unavailable } = client.await.unwrap();
        answers.migrated.extend(migrated);
        answers.unavailable.extend(unavailable);
    }
    let each = |seconds: f64| seconds / lasts.as_secs_f64();
    let spent = Spent { hash: each(spent.hash), sqlite: each(spent.sqlite), runtime: each(spent.runtime) };
    let rate = each(answers.migrated.len() as f64);
    println!(
        "  {clients:3} clients: {rate:.1} migrated and {:.0} answers 503 per second; cores for hashes {:.2}, beside {:.2}",
        each(answers.unavailable.len() as f64),
        spent.hash,
        spent.without_hashing()
    );
    Load { answers, rate, spent, peak: service.peak() }
}

/// Signs in one customer after the other. Answers count that come between two times.
async fn client(service: Arc<Service>, from: Instant, until: Instant) -> Answers {
    let mut connection = TcpStream::connect(service.address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let (mut answers, mut answer) = (Answers::default(), Vec::new());
    while Instant::now() < until {
        let request = request(service.next.fetch_add(1, Ordering::Relaxed));
        loop {
            let began = Instant::now();
            connection.write_all(&request).await.unwrap();
            let status = read(&mut connection, &mut answer).await;
            let counts = (from..until).contains(&Instant::now());
            let took = began.elapsed().as_secs_f64() * 1000.0;
            assert!(matches!(status, 200 | 503), "{}", String::from_utf8_lossy(&answer));
            let same = if status == 200 { &mut answers.migrated } else { &mut answers.unavailable };
            if counts {
                same.push(took);
            }
            if status == 200 || Instant::now() >= until {
                break;
            }
        }
    }
    answers
}

fn request(number: u64) -> Vec<u8> {
    let login = customers::login(number);
    let password = Zeroizing::new(String::from_utf8_lossy(&login.password).into_owned());
    let body = serde_json::json!({ "identifier": login.identifier, "password": *password }).to_string();
    let network = login.network.unwrap();
    format!(
        "POST /v1/login HTTP/1.1\r\nhost: bench\r\nx-forwarded-for: {network}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one answer, and returns its status.
async fn read(connection: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    loop {
        assert!(connection.read_buf(answer).await.unwrap() > 0, "the service closed a connection");
        let text = String::from_utf8_lossy(answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        }
    }
}

/// The part of sorted figures below which so many of a thousand are.
fn part(figures: &mut [f64], thousandths: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get((figures.len() * thousandths / 1000).min(figures.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Few clients, many clients, and few again in each round; the rates of a round are compared with each other.
pub async fn rows(size: Size, stores: &Stores) -> Vec<Row> {
    let lasts = Duration::from_millis(size.load);
    let service = Arc::new(Service::start(stores));
    let mut before = load(&service, FEW, lasts).await;
    let (mut few, mut many, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..size.rounds.min(4) {
        let much = load(&service, MANY, lasts).await;
        let after = load(&service, FEW, lasts).await;
        shares.push(much.rate / f64::midpoint(before.rate, after.rate));
        few.push(std::mem::replace(&mut before, after));
        many.push(much);
    }
    few.push(before);
    vec![served(few, stores, None), served(many, stores, Some(median(shares)))]
}

fn served(loads: Vec<Load>, stores: &Stores, share: Option<f64>) -> Row {
    let rate = median(loads.iter().map(|load| load.rate));
    let beside = median(loads.iter().map(|load| load.spent.without_hashing()));
    let peak = loads.iter().map(|load| load.peak).fold(0.0, f64::max);
    let (mut migrated, mut unavailable) = (Vec::new(), Vec::new());
    for load in loads {
        migrated.extend(load.answers.migrated);
        unavailable.extend(load.answers.unavailable);
    }
    let mut figure = format!("{rate:.0}/s");
    if let Some(share) = share {
        figure.push_str(&format!(", {share:.2} of the rate of {FEW}"));
    }
    figure.push_str(&format!(
        "; answered in {:.0} ms, 99 % in {:.0} ms",
        part(&mut migrated, 500),
        part(&mut migrated, 990)
    ));
    if !unavailable.is_empty() {
        let all = migrated.len() + unavailable.len();
        let [half, most, longest] = [500, 990, 1000].map(|thousandths| part(&mut unavailable, thousandths));
        figure.push_str(&format!(
            "; {:.0} % of the answers are 503, in {half:.0} ms, 99 % in {most:.0} ms, the latest in {longest:.0} ms",
            unavailable.len() as f64 * 100.0 / all as f64
        ));
    }
    figure.push_str(&format!("; {beside:.2} cores beside the hashes, {peak:.0} MiB of memory"));
    let (clients, goal) = if share.is_some() { (MANY, "0.85 of the rate, 503 in 100 ms") } else { (FEW, "") };
    let what = format!("first logins over HTTP, {clients} clients in a closed loop, {}", stores.name);
    Row { what, figure, goal }
}
