//! Ten thousand hostile texts in every place of a request: what a server decodes is the literal text, or nothing was sent.
//! What customers type is limited by the shape of identifiers; values of records are not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::StreamExt as _;
use landfall::ports::IdentifierProfile;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::generator::hostile;
use super::house::{Caller, House};
use super::running::Running;

const NUMBER: usize = 10_000;

/// A legacy system that decodes what it is asked, as a server does.
#[derive(Clone)]
struct Legacy {
    texts: Arc<Vec<String>>,
    /// The decoded texts by the place where they stood and their number.
    arrived: Arc<Mutex<BTreeMap<(String, usize), String>>>,
}

impl Legacy {
    async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let legacy = self.clone();
        let routes = Router::new().fallback(move |request: Request| legacy.clone().answer(request));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    async fn answer(self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let body = std::str::from_utf8(&body).expect("UTF-8");
        let query = pairs(head.uri.query().unwrap_or_default());
        let mut segments = head.uri.path().split('/').skip(1);
        let place = segments.next().unwrap_or_default().to_owned();
        let number = query.get("n").and_then(|number| number.parse::<usize>().ok());
        if place == "record" {
            let login = query["login"].as_str();
            let number: usize = login[1..login.find('@').expect("a mail address")].parse().expect("a number");
            let record = json!({ "id": login, "login": login, "n": number, "value": self.texts[number] });
            return reply(200, &record);
        }
        let segment = segments.next().map(|segment| percent_decode_str(segment).decode_utf8().expect("UTF-8"));
        assert_eq!(segments.next(), None, "{}", head.uri);
        let text = match place.as_str() {
            "typed" => {
                let segment = segment.expect("a segment").into_owned();
                let json: Value = serde_json::from_str(body).expect("JSON");
                assert_eq!((query["q"].as_str(), query.len()), (segment.as_str(), 2), "{segment:?}");
                assert_eq!(json, json!({ "u": segment, "in": [format!("<{segment}>")] }), "{segment:?}");
                let number = self.texts.binary_search(&segment).expect("a literal text");
                self.arrived.lock().unwrap().insert((place, number), segment);
                return reply(404, &json!({}));
            }
            "path" => segment.expect("a segment").into_owned(),
            "query" => {
                assert_eq!((query["both"].as_str(), query.len()), (format!("x={}", query["q"]).as_str(), 3));
                query["q"].clone()
            }
            "json" => {
                let json: Value = serde_json::from_str(body).expect("JSON");
                let text = json["u"].as_str().expect("a text").to_owned();
                assert_eq!(json, json!({ "u": text, "in": [format!("<{text}>")] }));
                text
            }
            "jsontext" => {
                let json: Value = serde_json::from_str(body).expect("JSON");
                assert_eq!(json.as_object().map(serde_json::Map::len), Some(1), "{body}");
                json["u"].as_str().expect("a text").to_owned()
            }
            "form" => {
                let form = pairs(body);
                assert_eq!((form["pre"].as_str(), form.len()), (format!("x={}", form["u"]).as_str(), 2), "{body}");
                form["u"].clone()
            }
            "xml" => xml(body),
            "header" => header(&head.headers),
            _ => panic!("{}", head.uri),
        };
        self.arrived.lock().unwrap().insert((place, number.expect("a number")), text);
        reply(200, &json!([]))
    }

    /// Everything that arrived in a place was literal; returns how many texts that are.
    fn literal(&self, place: &str) -> usize {
        let arrived = self.arrived.lock().unwrap();
        let of_place = arrived.iter().filter(|((found, _), _)| found == place);
        let checked = of_place.inspect(|((_, number), text)| assert_eq!(**text, self.texts[*number], "{place}"));
        checked.count()
    }
}

fn reply(status: u16, body: &Value) -> Response {
    let builder = Response::builder().status(status).header("content-type", "application/json");
    builder.body(Body::from(body.to_string())).unwrap()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn header(headers: &HeaderMap) -> String {
    let mut values = headers.get_all("x-user").iter();
    let value = values.next().expect("a header").to_str().expect("ASCII").to_owned();
    assert!(values.next().is_none() && headers.get("x-admin").is_none());
    value.strip_prefix("u:").expect("the constant part").to_owned()
}

/// The text of `<u a='TEXT'>TEXT</u>`, by the rules of XML 1.0: references, and line ends that were not written as such.
fn xml(body: &str) -> String {
    let (attribute, rest) = body.strip_prefix("<u a='").expect("the start").split_once('\'').expect("an attribute");
    let text = rest.strip_prefix('>').and_then(|rest| rest.strip_suffix("</u>")).expect("an element");
    assert_eq!(attribute, text);
    assert!(!text.contains(['<', '>', '"', '\'', '\t', '\n', '\r', '\0']), "{text:?}");
    let mut out = String::new();
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, after) = part.split_once(';').expect("a reference");
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            "#9" => '\t',
            "#10" => '\n',
            "#13" => '\r',
            other => panic!("{other}"),
        });
        out.push_str(after);
    }
    out
}

/// Signs in with all of these, several at a time.
async fn sign_in(caller: &Caller, logins: impl Iterator<Item = String>) {
    let all = futures_util::stream::iter(logins).map(|login| async move {
        let status = caller.login(&login, "pw").await;
        assert!(matches!(status, 401 | 503), "{login:?}: {status}");
    });
    all.buffer_unordered(64).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_identifiers_arrive_literally_or_not_at_all() {
    let legacy = Legacy { texts: Arc::new(hostile(NUMBER)), arrived: Arc::default() };
    let address = legacy.start().await;
    let house = House::new(&format!(
        "rules: shop.yaml
source:
  kind: http
  server: {{ url: 'http://{address}', allow: [ 127.0.0.1 ] }}
  record:
    path: '/typed/{{typed}}'
    query: {{ q: '{{typed}}', n: '0' }}
    body: {{ json: {{ u: '{{typed}}', in: [ '<{{typed}}>' ] }} }}
  none_when: [ {{ status: 404 }} ]
{VERIFIER}"
    ));
    let running = Running::start(house.folder.path(), &[]);
    let caller = Caller::new(&running);
    sign_in(&caller, legacy.texts.iter().cloned()).await;
    let profile = IdentifierProfile::default();
    let valid = legacy.texts.iter().filter(|text| profile.canonical(text).is_ok());
    let expected = valid.filter(|text| !matches!(text.as_str(), "." | "..")).count();
    assert_eq!(legacy.literal("typed"), expected);
    assert!(expected > NUMBER / 10, "{expected} are identifiers");
}

/// Rules name it; it is never asked, because no part is a list of a customer.
const VERIFIER: &str = "\
verifiers:
  shop:
    kind: http
    server: { url: 'http://127.0.0.1:9', allow: [ 127.0.0.1 ] }
    request: { path: /login, body: { json: { u: '{identifier}', p: '{password}' } } }
    verified_when: [ { status: 200, body: { $.ok: true } } ]
    mismatch_when: [ { status: 401, body: { $.ok: false } } ]
";

/// Where a value of the record stands in the request of a part.
const PLACES: [(&str, &str); 7] = [
    ("path", "path: '/path/{$.value}'"),
    ("query", "path: /query, query: { q: '{$.value}', both: 'x={$.value}', n: '{$.n}' }"),
    ("json", "path: /json, body: { json: { u: '{$.value}', in: [ '<{$.value}>' ] } }"),
    ("jsontext", "path: /jsontext, body: { text: '{{\"u\":\"{$.value}\"}}', content_type: application/json }"),
    ("form", "path: /form, body: { form: { u: '{$.value}', pre: 'x={$.value}' } }"),
    ("xml", "path: /xml, body: { text: \"<u a='{$.value}'>{$.value}</u>\", content_type: text/xml }"),
    ("header", "path: /header, headers: { X-User: 'u:{$.value}' }"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_values_of_records_arrive_literally_or_not_at_all() {
    let legacy = Legacy { texts: Arc::new(hostile(NUMBER)), arrived: Arc::default() };
    let address = legacy.start().await;
    // a value that one place refuses must not keep others from being asked
    let groups = [("any", &PLACES[1..5]), ("path", &PLACES[..1]), ("xml", &PLACES[5..6]), ("header", &PLACES[6..])];
    let mut settings = String::new();
    for (at, (group, places)) in groups.into_iter().enumerate() {
        let with_number = |request: &str| match request.contains("n: '{$.n}'") {
            true => request.to_owned(),
            false => format!("{request}, query: {{ n: '{{$.n}}' }}"),
        };
        let lists: Vec<String> = places
            .iter()
            .map(|(place, request)| format!("{place}: {{ request: {{ {} }} }}", with_number(request)))
            .collect();
        let source = format!(
            "{{ kind: http, name: {group}, server: {{ url: 'http://{address}', allow: [ 127.0.0.1 ] }}, \
             record: {{ path: /record, query: {{ login: '{{identifier}}' }} }}, lists: {{ {} }} }}",
            lists.join(", ")
        );
        let domains = format!("domains: [ {group}.example ]");
        settings += &match at {
            0 => format!("rules: shop.yaml\nsource: {source}\n{domains}\nmore_sources:\n"),
            _ => format!("  - {{ rules: shop.yaml, source: {source}, {domains} }}\n"),
        };
    }
    let house = House::new(&format!("{settings}{VERIFIER}"));
    let running = Running::start(house.folder.path(), &[]);
    let caller = Caller::new(&running);
    for (group, _) in groups {
        sign_in(&caller, (0..NUMBER).map(|number| format!("v{number}@{group}.example"))).await;
    }
    let count = |is_sent: &dyn Fn(&str) -> bool| legacy.texts.iter().filter(|text| is_sent(text)).count();
    for place in ["query", "json", "jsontext", "form"] {
        assert_eq!(legacy.literal(place), NUMBER, "{place}");
    }
    assert_eq!(legacy.literal("path"), count(&|text| !matches!(text, "." | "..")));
    let is_xml =
        |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    assert_eq!(legacy.literal("xml"), count(&|text| text.chars().all(is_xml)));
    let is_header =
        |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim_matches(' ') == text;
    assert_eq!(legacy.literal("header"), count(&is_header));
}
