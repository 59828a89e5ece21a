//! Requests that are a little wrong: no decoder panics, and nobody is accepted without proof.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use landfall::bridge::{Ask, BridgeOutcome, BridgeRequest, Dialect, KINDS, Kind, Reply};
use serde_json::{Value, json};

use crate::cases::{File, Replied, Request, ask_name, files, opened};

/// How many requests all dialects together get: `LANDFALL_FUZZ=10000000` for the full test.
fn requests() -> usize {
    std::env::var("LANDFALL_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000)
}

/// Where the requests begin: `LANDFALL_FUZZ_SEED` for other ones.
fn seed() -> u64 {
    std::env::var("LANDFALL_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Dialects that complete what the product said itself where nothing is asked: such replies have any members.
const COMPLETES: [&str; 1] = ["zitadel"];

/// After so many requests a dialect is opened again, and has forgotten what it admitted.
const FORGETS: usize = 5_000;

/// Numbers that only look random (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % limit.max(1)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

/// A request that can be changed.
#[derive(Clone)]
struct Sample {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, query, headers, body } = self;
        write!(f, "{method} {path:?} {query:?} {headers:?} {:?}", String::from_utf8_lossy(body))
    }
}

impl Sample {
    fn of(request: &Request) -> Self {
        let json = request.json.as_ref();
        let body = json.map(Value::to_string).or_else(|| request.text.clone()).unwrap_or_default();
        let mut headers = HeaderMap::new();
        if json.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, values) in &request.headers {
            for value in values.values() {
                headers.append(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
            }
        }
        Self {
            method: request.method.parse().expect("a method"),
            path: request.path.clone(),
            query: request.query.clone(),
            headers,
            body: body.into_bytes(),
        }
    }

    /// Changes one thing.
    fn change(&mut self, random: &mut Random, corpus: &[Self]) {
        let other = corpus[random.below(corpus.len())].clone();
        match random.below(12) {
            0 => self.method = random.one(&METHODS).parse().expect("a method"),
            1 => self.path = changed_text(&self.path, random, &PATHS),
            2 => self.path = other.path,
            3 => self.query = Some(changed_text(self.query.as_deref().unwrap_or_default(), random, &PATHS)),
            4 => self.change_header(random, &other),
            5 => self.body = other.body,
            6 => {
                let at = random.below(self.body.len());
                self.body.truncate(at);
                self.body.extend(other.body.get(random.below(other.body.len())..).unwrap_or_default());
            }
            7..=9 => self.change_structure(random),
            _ => change_bytes(&mut self.body, random),
        }
    }

    fn change_header(&mut self, random: &mut Random, other: &Self) {
        let names: Vec<HeaderName> = self.headers.keys().chain(other.headers.keys()).cloned().collect();
        let name = match names.is_empty() {
            true => HeaderName::from_static("content-type"),
            false => random.one(&names).clone(),
        };
        match random.below(5) {
            0 => drop(self.headers.remove(&name)),
            1 => {
                let value = other.headers.get(&name).cloned();
                let value = value.unwrap_or_else(|| HeaderValue::from_static("application/x-www-form-urlencoded"));
                self.headers.append(name, value);
            }
            _ => {
                let mut value = self.headers.get(&name).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
                change_bytes(&mut value, random);
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    self.headers.insert(name, value);
                }
            }
        }
    }

    /// Changes one value of a JSON body, or of a form.
    fn change_structure(&mut self, random: &mut Random) {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(mut value) => {
                change_value(&mut value, random);
                self.body = value.to_string().into_bytes();
                // a member that is there twice
                if random.below(8) == 0 && self.body.first() == Some(&b'{') && self.body.len() > 2 {
                    let inner = self.body[1..self.body.len() - 1].to_vec();
                    self.body = [b"{", inner.as_slice(), b",", &inner, b"}"].concat();
                }
            }
            Err(_) => {
                let mut pairs: Vec<Vec<u8>> = self.body.split(|byte| *byte == b'&').map(<[u8]>::to_vec).collect();
                let at = random.below(pairs.len());
                match random.below(3) {
                    0 => drop(pairs.remove(at)),
                    1 => pairs.push(pairs[at].clone()),
                    _ => change_bytes(&mut pairs[at], random),
                }
                self.body = pairs.join(&b'&');
            }
        }
    }

    fn request<'s>(&'s self, target: &'s str) -> BridgeRequest<'s> {
        BridgeRequest {
            method: &self.method,
            target,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            body: &self.body,
            network: None,
            // one whom a dialect may know by the address alone
            caller: Some(std::net::Ipv4Addr::LOCALHOST.into()),
        }
    }
}

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"];

const PATHS: [&str; 16] =
    ["", "/", "//", "/.", "/..", "/%2e%2e", "/%00", "/%ff", "/%", "/%4", "/a/b", "?", "&", "=", "/\u{fc}", "%2F"];

const BYTES: [&[u8]; 14] =
    [b"\"", b"\\", b"{", b"}", b"[", b"]", b"\0", b"\xff\xfe", b"\\ud800", b"%00", b"&", b"=", b".", b"\xef\xbb\xbf"];

/// Text with one of the pieces in it, or a part of it.
fn changed_text(text: &str, random: &mut Random, pieces: &[&str]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = random.below(characters.len() + 1);
    match random.below(4) {
        0 => characters.truncate(at),
        1 => drop(characters.splice(0..at, [])),
        _ => drop(characters.splice(at..at, random.one(pieces).chars())),
    }
    characters.into_iter().collect()
}

fn change_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        let to = (at + random.below(8)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.splice(at..to, [])),
            1 => drop(bytes.splice(at..at, random.one(&BYTES).iter().copied())),
            2 => drop(bytes.splice(at..at, vec![random.byte(); random.below(3000)])),
            3 => bytes.extend_from_within(at..to),
            _ => {
                let (flipped, byte) = (random.below(8), random.byte());
                if let Some(changed) = bytes.get_mut(at) {
                    *changed = if byte < 128 { *changed ^ (1 << flipped) } else { byte };
                }
            }
        }
    }
}

/// A value that is not what is expected.
fn odd_value(random: &mut Random) -> Value {
    match random.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(u64::MAX),
        5 => json!(""),
        6 => json!("\0"),
        7 => json!("\u{202e}\u{fc}\u{1f511}"),
        8 => json!("a".repeat(5000)),
        9 => json!([]),
        10 => json!({}),
        11 => json!([{ "password": ["x"], "username": null }]),
        12 => json!("a.b.c"),
        _ => (0..random.below(40)).fold(json!("deep"), |inner, _| json!([inner])),
    }
}

/// Changes one value of a document.
fn change_value(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(members) if !members.is_empty() && random.below(6) > 0 => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = random.one(&names);
            match random.below(8) {
                0 => drop(members.remove(name)),
                1 => {
                    if let Some(value) = members.remove(name) {
                        members.insert(format!("{name}x"), value);
                    }
                }
                2 => drop(members.insert("other".to_owned(), odd_value(random))),
                _ => {
                    if let Some(value) = members.get_mut(name) {
                        change_value(value, random);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() && random.below(4) > 0 => {
            let at = random.below(items.len());
            match random.below(4) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                _ => change_value(&mut items[at], random),
            }
        }
        Value::String(text) if random.below(2) == 0 => {
            let mut bytes = std::mem::take(text).into_bytes();
            change_bytes(&mut bytes, random);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        other => *other = odd_value(random),
    }
}

/// What a reply is like, whatever it repeats of the request: the status, and the members of its body.
type Class = (u16, String);

fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!(0),
        other => other.clone(),
    }
}

fn class(status: u16, body: &str) -> Class {
    let body = serde_json::from_str(body).map_or_else(|_| body.to_owned(), |value| shape(&value).to_string());
    (status, body)
}

fn class_of(reply: &Reply) -> Class {
    class(reply.status.as_u16(), &String::from_utf8_lossy(&reply.body))
}

fn class_of_case(replied: &Replied) -> Class {
    let json = replied.json.as_ref().map(Value::to_string);
    class(replied.status, json.as_deref().or(replied.text.as_deref()).unwrap_or_default())
}

/// Whether a reply only gives back a part of the request, as products want it from those who have nothing to say.
fn repeats(request: &[u8], reply: &[u8]) -> bool {
    fn contains(value: &Value, part: &Value) -> bool {
        value == part
            || match value {
                Value::Object(members) => members.values().any(|value| contains(value, part)),
                Value::Array(items) => items.iter().any(|value| contains(value, part)),
                _ => false,
            }
    }
    if !reply.is_empty() && request.windows(reply.len()).any(|part| part == reply) {
        return true;
    }
    let documents = (serde_json::from_slice::<Value>(request), serde_json::from_slice::<Value>(reply));
    matches!(documents, (Ok(request), Ok(reply)) if contains(&request, &reply))
}

/// A dialect with the requests and the replies of its golden cases.
struct Golden {
    kind: &'static Kind,
    file: File,
    folder: std::path::PathBuf,
    corpus: Vec<Sample>,
    /// The replies to requests that ask nothing.
    nothing: BTreeSet<Class>,
    /// The replies to each question that is refused, or cannot be answered.
    refusals: BTreeSet<(&'static str, Class)>,
}

/// What proves nothing.
fn not_accepted() -> [BridgeOutcome; 2] {
    [BridgeOutcome::Refused, BridgeOutcome::Unavailable { retry_after: Duration::from_secs(5) }]
}

impl Golden {
    async fn of(kind: &'static Kind) -> Vec<Self> {
        let mut all = Vec::new();
        for path in files(kind) {
            let text = std::fs::read_to_string(&path).expect("a file");
            let mut file: File = serde_yaml::from_str(&text).expect("cases");
            let folder = path.parent().expect("a folder").to_owned();
            for secret in file.settings.secrets() {
                secret.secret.resolve(&folder).expect("a secret");
            }
            let corpus = file.cases.iter().map(|case| Sample::of(&case.request)).collect();
            let nothing = file.cases.iter().flat_map(|case| case.replies.iter().chain(&case.refuses));
            let nothing = nothing.map(class_of_case).collect();
            let mut golden = Self { kind, file, folder, corpus, nothing, refusals: BTreeSet::new() };
            for sample in &golden.corpus {
                let (dialect, target) = (golden.open(), golden.target(sample));
                let request = sample.request(&target);
                if let Ok(question) = dialect.ask(&request).await {
                    for outcome in not_accepted() {
                        let class = class_of(&dialect.reply(&question, &outcome));
                        golden.refusals.insert((ask_name(question.ask), class));
                    }
                }
            }
            all.push(golden);
        }
        // other settings of the same dialect answer alike
        let nothing: BTreeSet<_> = all.iter().flat_map(|golden| golden.nothing.clone()).collect();
        let refusals: BTreeSet<_> = all.iter().flat_map(|golden| golden.refusals.clone()).collect();
        for golden in &mut all {
            (golden.nothing, golden.refusals) = (nothing.clone(), refusals.clone());
        }
        all
    }

    fn open(&self) -> Box<dyn Dialect> {
        opened(self.kind, &self.file, &self.folder)
    }

    fn target(&self, sample: &Sample) -> String {
        let query = sample.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{}{query}", self.file.settings.path(), sample.path)
    }

    /// What a dialect makes of a request: nothing that could be taken for proof. Returns whether it asks something.
    async fn check(&self, dialect: &dyn Dialect, sample: &Sample) -> bool {
        let target = self.target(sample);
        let request = sample.request(&target);
        let is_harmless = |reply: &Reply| {
            let class = class_of(reply);
            let is_own = COMPLETES.contains(&self.kind.name) || repeats(&sample.body, &reply.body);
            let is_known = class.0 >= 400 || self.nothing.contains(&class) || is_own;
            assert!(is_known, "{}: {class:?}: {sample}", self.kind.name);
        };
        if let Err(reply) = dialect.admit(&request).await {
            is_harmless(&reply);
        }
        // the decoder gets it all the same: whoever has the key can sign anything
        let question = match dialect.ask(&request).await {
            Ok(question) => question,
            Err(reply) => {
                is_harmless(&reply);
                return false;
            }
        };
        // these have other outcomes, and prove nothing
        if matches!(question.ask, Ask::SignupCheck | Ask::PasswordSet) {
            return true;
        }
        for outcome in not_accepted() {
            let reply = dialect.reply(&question, &outcome);
            let class = (ask_name(question.ask), class_of(&reply));
            // no product signs in by such a status, or by its own words
            let is_known = class.1.0 >= 400 || self.refusals.contains(&class) || repeats(&sample.body, &reply.body);
            assert!(is_known, "{}: {class:?} for {outcome:?}: {sample}", self.kind.name);
        }
        true
    }
}

/// Shows the request at which a decoder panicked.
struct Shown<'s>(&'s Sample, &'static str);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: {}", self.1, self.0);
        }
    }
}

#[tokio::test]
async fn mutated_requests_neither_panic_nor_are_accepted() {
    let share = requests() / KINDS.len();
    for (at, kind) in KINDS.iter().enumerate() {
        let (began, mut asked, all) = (Instant::now(), 0_usize, Golden::of(kind).await);
        let mut random = Random(seed().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (at as u64 + 1));
        for golden in &all {
            let mut dialect = golden.open();
            for turn in 0..share / all.len() {
                if turn % FORGETS == 0 {
                    dialect = golden.open();
                }
                let mut sample = random.one(&golden.corpus).clone();
                for _ in 0..=random.below(4) {
                    sample.change(&mut random, &golden.corpus);
                }
                let shown = Shown(&sample, kind.name);
                asked += usize::from(golden.check(&*dialect, &sample).await);
                drop(shown);
            }
        }
        let took = began.elapsed().as_secs_f64();
        println!("{:20} {share} requests, {asked} ask something: {:.0}/s", kind.name, share as f64 / took);
        // otherwise the requests would be so wrong that they show nothing
        assert!(asked > 0, "{}", kind.name);
    }
}
