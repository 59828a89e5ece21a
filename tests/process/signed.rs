//! Signed calls at two processes that share a ledger: each is accepted once, and only for the signed request.

use std::process::Command;

use futures_util::future::join_all;
use serde_json::json;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::signer::{Answer, Call, SECRET, client, shop};
use super::support::running::Running;
use super::support::{Shop, password};

fn two(shop: &Shop) -> [Running; 2] {
    [Running::start(shop.folder.path(), &[]), Running::start(shop.folder.path(), &[])]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_call_is_accepted_once() {
    let shop = shop(24);
    let ([one, two], client) = (two(&shop), client());
    let calls: Vec<Call> = (0..24).map(Call::login).collect();
    for call in &calls {
        let at = [&one.base, &two.base].map(|base| join_all((0..4).map(|_| call.send(&client, base))));
        let answers: Vec<Answer> = join_all(at).await.concat();
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.is_refused()).count(), 7, "{answers:?}");
    }
    // A power cut makes no difference.
    drop((one, two));
    let restarted = Running::start(shop.folder.path(), &[]);
    for call in &calls {
        assert!(call.send(&client, &restarted.base).await.is_refused());
    }
    assert_eq!(restarted.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_call_is_accepted_only_for_its_request() {
    let shop = shop(2);
    let (servers, client) = (two(&shop), client());
    let mut accounts = Vec::new();
    for (number, server) in servers.iter().enumerate() {
        let answer = Call::login(number).send(&client, &server.base).await;
        accounts.push(answer.body["account_id"].as_str().expect("an account").to_owned());
    }
    let [ours, theirs] = [&accounts[0], &accounts[1]].map(|account| format!("/v1/accounts/{account}"));
    let set = json!({ "password": "a new pass word" }).to_string();
    let (read, write) = (Call::new("GET", &ours, ""), Call::new("POST", &format!("{ours}/password"), &set));
    let elsewhere = |call: &Call, path: &str| Call { path: path.to_owned(), ..call.clone() };
    let others = [
        elsewhere(&read, &theirs),
        elsewhere(&read, &format!("{ours}?a=b")),
        elsewhere(&read, "/metrics"),
        Call { method: "HEAD", ..read.clone() },
        Call { method: "POST", path: format!("{ours}/password"), body: set.clone(), ..read.clone() },
        elsewhere(&write, &format!("{theirs}/password")),
        elsewhere(&write, &format!("{ours}/password?")),
        elsewhere(&write, "/v1/login"),
        elsewhere(&write, "/v1/password-reset"),
        Call { method: "PUT", ..write.clone() },
        Call { method: "GET", path: ours.clone(), body: String::new(), ..write.clone() },
        Call { body: json!({ "password": "another pass word" }).to_string(), ..write.clone() },
        Call::over(set.as_bytes(), "POST", &format!("{theirs}/password"), &set),
        Call::over(b"", "GET", &theirs, ""),
    ];
    for server in &servers {
        for call in &others {
            let answer = call.send(&client, &server.base).await;
            let is_head = call.method == "HEAD" && answer.status == 401;
            assert!(answer.is_refused() || is_head, "{call:?}: {answer:?}");
        }
    }
    // The calls are accepted for their own request, once.
    assert_eq!(read.send(&client, &servers[0].base).await.body["id"], accounts[0]);
    assert_eq!(write.send(&client, &servers[1].base).await.status, 204);
    assert!(write.send(&client, &servers[0].base).await.is_refused());
    assert_eq!(Call::login(1).send(&client, &servers[0].base).await.status, 200, "the other account is unchanged");
    let old = json!({ "identifier": "customer0", "password": password(0) }).to_string();
    let old = Call::new("POST", "/v1/login", &old).send(&client, &servers[0].base).await;
    assert_eq!((old.status, old.is_refused()), (401, false), "the customer is refused, not the caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_cannot_be_recorded_is_rejected_and_can_be_sent_again() {
    let shop = shop(2);
    let ([one, two], client) = (two(&shop), client());
    let options = SqliteConnectOptions::new().filename(shop.path("ledger.db"));
    let mut holder = options.connect().await.unwrap();
    for (number, other) in [(0, &one), (1, &two)] {
        let call = Call::login(number);
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
        assert_eq!(call.send(&client, &one.base).await.status, 503);
        sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
        // The first process writes in order, so what it gave up is not written later.
        assert_eq!(Call::new("GET", "/metrics", "").send(&client, &one.base).await.status, 200);
        assert_eq!(call.send(&client, &other.base).await.status, 200);
        for server in [&one, &two] {
            assert!(call.send(&client, &server.base).await.is_refused());
        }
    }
}

/// The disk is full when the call is written, so that the commit itself fails.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_accepted_after_the_disk_was_full() {
    let shop = shop(1);
    let ([one, two], client) = (two(&shop), client());
    let set_file_limit = |bytes: &str| {
        let limit = format!("--fsize={bytes}:unlimited");
        assert!(Command::new("prlimit").args(["--pid", &one.pid(), &limit]).status().unwrap().success());
    };
    let call = Call::login(0);
    set_file_limit("0");
    for _ in 0..3 {
        assert_eq!(call.send(&client, &one.base).await.status, 503);
    }
    set_file_limit("unlimited");
    assert_eq!(call.send(&client, &one.base).await.status, 200);
    for server in [&one, &two] {
        assert!(call.send(&client, &server.base).await.is_refused());
    }
}

/// The example in the reference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs curl and openssl; run tests/run"]
async fn the_signing_example_of_the_reference_works() {
    let shop = shop(1);
    let server = Running::start(shop.folder.path(), &[]);
    let reference = include_str!("../../docs/settings.md");
    let blocks = reference.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = blocks.into_iter().find(|block| block.contains("webhook-signature")).expect("an example");
    let example = example.replace("ada@example.org", "customer0").replace("correct horse", &password(0));
    let mut shell = Command::new("sh");
    shell.args(["-c", &example]).env("SECRET", SECRET).env("LANDFALL", &server.base);
    let done = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().expect("a shell");
    let output = String::from_utf8_lossy(&done.stdout);
    assert!(output.contains("\"outcome\":\"migrated\""), "{output}{}", String::from_utf8_lossy(&done.stderr));
}
