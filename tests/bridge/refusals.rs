//! Refusals of a dialect do not show their reason: not by a byte, and not by their time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clients::{self, Client, Decision, Seen};
use crate::crowd::{Crowd, customer, customer_with, password};

/// Refusals of each class.
const SAMPLES: usize = 8;

/// Refusals at a time.
const AT_ONCE: usize = 6;

/// Clients at a time: they mostly wait.
const CLIENTS: usize = 3;

/// How long a product may repeat its questions; some do at every login.
const REPEAT: Duration = Duration::from_secs(6);

/// Before that, no refusal is answered.
const FLOOR: Duration = Duration::from_millis(400);

/// How far the usual time of a class may be from that of all. Refusals that missed the floor are answered 100 ms later, on a
/// busy machine in every class.
const APART: Duration = Duration::from_millis(60);

/// How often the times are taken again: the machine may have been busy with one class only.
const ROUNDS: usize = 3;

/// The classes, and whether they are refused because of the password, so that a product with two steps learns of it in the
/// second one.
const CLASSES: [(&str, bool); 8] = [
    ("wrong", true),
    ("attempts", true),
    ("unknown", false),
    ("locked", false),
    ("disabled", false),
    ("denied", false),
    ("invalid", false),
    ("handed", false),
];

const SETTINGS: &str = "login: { floor: 400ms, quantum: 100ms, attempts: { customer: { limit: 4, window: 15m } } }\n";

fn name(class: &str, number: usize) -> String {
    format!("{class}{number}")
}

fn records() -> Vec<serde_json::Value> {
    let record = |class: &str, number| {
        let name = name(class, number);
        match class {
            "locked" | "disabled" => customer_with(&name, "state", class),
            "denied" => customer_with(&name, "state", "blocked"),
            "invalid" => customer_with(&name, "mail", "no-address"),
            _ => customer(&name),
        }
    };
    let known = CLASSES.iter().map(|(class, _)| *class).filter(|class| *class != "unknown");
    known.flat_map(|class| (0..SAMPLES).map(move |number| record(class, number))).collect()
}

/// Signs in with the right password, except where the class says otherwise.
async fn refused(crowd: &Arc<Crowd>, class: &str, number: usize) -> Seen {
    let name = name(class, number);
    let password = if class == "wrong" { "not-the-password-1".to_owned() } else { password(&name) };
    let seen = crowd.sign_in(&name, &password).await.expect("an answer");
    assert_eq!(seen.decision, Decision::Refused, "{} {name}: {}", crowd.kind(), seen.raw);
    seen
}

/// Brings the customers of a class to where they are refused.
async fn prepare(crowd: &Arc<Crowd>) {
    let all = (0..SAMPLES).map(|number| async move {
        let (handed, attempts) = (name("handed", number), name("attempts", number));
        if crowd.hands_over() {
            let seen = crowd.sign_in(&handed, &password(&handed)).await.expect("an answer");
            assert!(seen.decision.is_signed_in(), "{} {handed}: {}", crowd.kind(), seen.raw);
        }
        for _ in 0..4 {
            let seen = crowd.sign_in(&attempts, "not-the-password-1").await.expect("an answer");
            assert_eq!(seen.decision, Decision::Refused, "{} {attempts}", crowd.kind());
        }
    });
    futures_util::future::join_all(all).await;
}

fn classes(crowd: &Crowd) -> Vec<(&'static str, bool)> {
    let mut classes = CLASSES.to_vec();
    // elsewhere the target lets them in
    classes.retain(|(class, _)| *class != "handed" || crowd.hands_over());
    classes
}

/// One refusal of every class after another, several at a time, in an order in which no class is always the first.
async fn sampled(crowd: &Arc<Crowd>) -> BTreeMap<&'static str, Vec<Seen>> {
    use futures_util::StreamExt as _;
    let classes = classes(crowd);
    let order = (0..SAMPLES).flat_map(|number| {
        let at = move |step: usize| (step * 3 + number) % 8;
        let classes = &classes;
        (0..8).filter_map(move |step| Some((classes.get(at(step))?.0, number)))
    });
    let asked = order.map(|(class, number)| async move { (class, refused(crowd, class, number).await) });
    let mut sampled: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (class, seen) in futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
        sampled.entry(class).or_default().push(seen);
    }
    sampled
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2]
}

/// The classes whose usual time is not that of all, or, at a product that asks twice, of all that are refused in the same
/// step: it may look up somebody who is unknown several times, each of which is answered at the time of a refusal.
fn apart(crowd: &Crowd, sampled: &BTreeMap<&'static str, Vec<Seen>>) -> Vec<String> {
    let classes = classes(crowd);
    let mut found = Vec::new();
    for (class, because_of_password) in &classes {
        let is_compared = |other: &(&str, bool)| !crowd.asks_twice() || other.1 == *because_of_password;
        let others = classes.iter().filter(|other| is_compared(other));
        let all = median(others.flat_map(|(other, _)| &sampled[other]).map(|seen| seen.took));
        let time = median(sampled[class].iter().map(|seen| seen.took));
        if time.abs_diff(all) > APART {
            found.push(format!("{class}: {time:?} instead of {all:?}"));
        }
    }
    found
}

async fn all_alike(client: Arc<dyn Client>) {
    let repeat = format!(", repeat: {}s", REPEAT.as_secs());
    let crowd = Arc::new(Crowd::start(client, &records(), &repeat, SETTINGS));
    prepare(&crowd).await;
    if crowd.hands_over() {
        tokio::time::sleep(REPEAT + Duration::from_millis(200)).await;
    }
    let mut last = Vec::new();
    for _ in 0..ROUNDS {
        let sampled = sampled(&crowd).await;
        let mut raws: BTreeMap<bool, &str> = BTreeMap::new();
        for (class, because_of_password) in classes(&crowd) {
            let step = crowd.asks_twice() && because_of_password;
            for seen in &sampled[class] {
                let raw = *raws.entry(step).or_insert(&seen.raw);
                assert_eq!(seen.raw, raw, "{} {class}", crowd.kind());
                // the first step of a product that asks twice may be no login
                let is_login = because_of_password || !crowd.asks_twice();
                assert!(!is_login || seen.took >= FLOOR, "{} {class} after {:?}", crowd.kind(), seen.took);
            }
        }
        last = apart(&crowd, &sampled);
        let all = median(sampled.values().flatten().map(|seen| seen.took));
        println!("{:20} {all:?}, apart: {last:?}", crowd.kind());
        if last.is_empty() {
            return;
        }
    }
    panic!("{}: {last:?}", crowd.kind());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_do_not_show_their_reason() {
    use futures_util::StreamExt as _;
    let all = clients::all().into_iter().map(|client| all_alike(Arc::from(client)));
    futures_util::stream::iter(all).buffer_unordered(CLIENTS).collect::<Vec<()>>().await;
}
