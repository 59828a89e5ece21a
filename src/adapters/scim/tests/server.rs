//! A SCIM service in this process, with the traps of real ones.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};
use tokio::net::TcpListener;

use super::super::schema::USER;

/// How a service answers a second user with the same name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duplicates {
    #[default]
    Conflict,
    BadRequest,
    Failure,
    Second,
}

/// What a service does with filters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Filters {
    #[default]
    Apply,
    /// Says that it has none, and answers 400.
    Refuse,
    /// Says that it has them, and returns everybody.
    Ignore,
}

/// What a service does otherwise than RFC 7644 has it.
#[derive(Debug, Clone, Default)]
pub struct Traps {
    /// Refuses what its schema does not have, and requires a family name within a name.
    pub strict: bool,
    pub duplicates: Duplicates,
    pub filters: Filters,
    /// Neither a `Location` nor a body.
    pub says_nothing: bool,
    pub drops_password: bool,
    pub drops_active: bool,
    /// Changes must name a version.
    pub wants_version: bool,
    pub has_no_patch: bool,
    pub has_no_discovery: bool,
    pub ignores_pages: bool,
    /// Fails if it is asked for a number of users.
    pub fails_on_count: bool,
    /// Does not keep `externalId`; says so in its schema if it is strict.
    pub drops_external_id: bool,
    /// The shortest password that it takes.
    pub least_password: usize,
    pub needs_password: bool,
    /// Answers that are lost after the user was created.
    pub lost: usize,
    /// Answers 429.
    pub limited: usize,
    /// How long an answer takes.
    pub delay_millis: u64,
    /// Answers 503 to everything.
    pub is_down: bool,
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    pub members: Map<String, Json>,
    pub password: Option<String>,
    version: u32,
    created: Timestamp,
    modified: Timestamp,
}

#[derive(Default)]
pub struct State {
    pub traps: Traps,
    pub users: Vec<User>,
    /// Requests: method, path, and the body without the password.
    pub requests: Vec<(String, String, Json)>,
    created: usize,
}

/// A service.
#[derive(Clone)]
pub struct Service {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Service {
    pub async fn start(traps: Traps) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { traps, ..State::default() }));
        let own = Arc::clone(&state);
        let routes = Router::new().fallback(move |request: Request| {
            let own = Arc::clone(&own);
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let delay = own.lock().unwrap().traps.delay_millis;
                tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
                own.lock().unwrap().answer(&parts, &body)
            }
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, state }
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn users(&self) -> Vec<User> {
        self.with(|state| state.users.clone())
    }

    /// The one user with this name.
    pub fn user(&self, name: &str) -> User {
        let found: Vec<User> = self.users().into_iter().filter(|user| user.members["userName"] == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].clone()
    }

    /// The requests that were made since they were last asked for.
    pub fn requests(&self) -> Vec<String> {
        let all = self.with(|state| std::mem::take(&mut state.requests));
        all.into_iter().map(|(method, path, _)| format!("{method} {path}")).collect()
    }

    /// Another user, whom Landfall did not create.
    pub fn add(&self, name: &str) {
        self.with(|state| {
            let Json::Object(members) = json!({ "userName": name, "active": true }) else { panic!("an object") };
            state.insert(members, None);
        });
    }

    /// Changes a user as an administrator does.
    pub fn change(&self, name: &str, key: &str, value: Json) {
        self.with(|state| {
            let user = state.users.iter_mut().find(|user| user.members["userName"] == name).unwrap();
            user.members.insert(key.to_owned(), value);
            user.touch();
        });
    }
}

impl User {
    fn touch(&mut self) {
        self.version += 1;
        self.modified = self.created + SignedDuration::from_secs(i64::from(self.version) * 60);
    }

    pub fn is_active(&self) -> bool {
        self.members.get("active") == Some(&json!(true))
    }

    fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    fn json(&self) -> Json {
        let mut members = self.members.clone();
        members.insert(
            "meta".to_owned(),
            json!({ "created": self.created.to_string(), "lastModified": self.modified.to_string(), "version": self.etag() }),
        );
        Json::Object(members)
    }
}

fn answer(status: u16, body: &Json) -> Response {
    let response = Response::builder().status(status).header("content-type", "application/scim+json");
    response.body(body.to_string().into()).unwrap()
}

fn error(status: u16, kind: &str) -> Response {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "scimType": kind });
    answer(status, &body)
}

fn list(users: &[Json], total: usize) -> Response {
    answer(200, &json!({ "totalResults": total, "Resources": users }))
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const STRICT: [&str; 8] = ["schemas", "externalId", "userName", "password", "active", "name", "emails", ENTERPRISE];

impl State {
    fn insert(&mut self, mut members: Map<String, Json>, password: Option<String>) -> usize {
        self.created += 1;
        members.insert("id".to_owned(), format!("u{}", self.created).into());
        let created = Timestamp::from_second(1_700_000_000 + i64::try_from(self.created).unwrap()).unwrap();
        self.users.push(User { members, password, version: 1, created, modified: created });
        self.users.len() - 1
    }

    fn answer(&mut self, parts: &axum::http::request::Parts, body: &[u8]) -> Response {
        let body: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
        let path = parts.uri.path().strip_prefix("/scim/v2").unwrap_or_default().to_owned();
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.requests.push((parts.method.to_string(), format!("{path}{query}"), body.clone()));
        if parts.headers.get("authorization").is_none_or(|token| token != "Bearer T") {
            return error(401, "");
        }
        if self.traps.is_down {
            return error(503, "");
        }
        if self.traps.limited > 0 {
            self.traps.limited -= 1;
            let mut response = error(429, "");
            response.headers_mut().insert("retry-after", "1".parse().unwrap());
            return response;
        }
        let version = parts.headers.get("if-match").map(|version| version.to_str().unwrap().to_owned());
        match (parts.method.as_str(), path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
            ("GET", ["ServiceProviderConfig"]) if !self.traps.has_no_discovery => answer(200, &self.config()),
            ("GET", ["Schemas"]) if !self.traps.has_no_discovery => answer(200, &self.schemas()),
            ("GET", ["Users"]) => self.search(parts.uri.query().unwrap_or_default()),
            ("POST", ["Users"]) => self.create(body),
            (method, ["Users", id]) => self.one(method, id, &body, version),
            _ => error(404, ""),
        }
    }

    fn config(&self) -> Json {
        json!({
            "patch": { "supported": !self.traps.has_no_patch },
            "filter": { "supported": self.traps.filters != Filters::Refuse, "maxResults": 3 },
            "changePassword": { "supported": true },
            "etag": { "supported": self.traps.wants_version },
        })
    }

    fn schemas(&self) -> Json {
        let text = |name: &str| json!({ "name": name, "type": "string" });
        let mut user = vec![
            json!({ "name": "userName", "type": "string", "required": true }),
            json!({ "name": "password", "type": "string", "required": self.traps.needs_password, "mutability": "writeOnly" }),
            json!({ "name": "active", "type": "boolean", "required": self.traps.strict }),
            json!({ "name": "name", "type": "complex", "subAttributes": [
                { "name": "familyName", "type": "string", "required": self.traps.strict }, text("givenName"),
            ] }),
            json!({ "name": "emails", "type": "complex", "multiValued": true, "subAttributes": [ text("value"), text("type") ] }),
        ];
        if !self.traps.strict {
            user.push(text("locale"));
        } else if self.traps.drops_external_id {
            user.push(json!({ "name": "externalId", "type": "string", "mutability": "readOnly" }));
        }
        let enterprise = json!({ "id": ENTERPRISE, "attributes": [ text("employeeNumber") ] });
        json!({ "totalResults": 2, "Resources": [ { "id": USER, "attributes": user }, enterprise ] })
    }

    fn search(&self, query: &str) -> Response {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let all: Vec<Json> = self.users.iter().map(User::json).collect();
        if let Some(filter) = value("filter") {
            match self.traps.filters {
                Filters::Refuse => return error(400, "invalidFilter"),
                Filters::Ignore => return list(&all[..all.len().min(3)], all.len()),
                Filters::Apply => {
                    let (name, wanted) = filter.split_once(" eq ").unwrap();
                    let wanted: String = serde_json::from_str(wanted).unwrap();
                    let is = |user: &&Json| {
                        let own = match name.strip_prefix(ENTERPRISE) {
                            Some(name) => &user[ENTERPRISE][&name[1..]],
                            None => &user[name],
                        };
                        let own = own.as_str().unwrap_or_default();
                        own == wanted || (name == "userName" && own.eq_ignore_ascii_case(&wanted))
                    };
                    let found: Vec<Json> = all.iter().filter(is).cloned().collect();
                    return list(&found, found.len());
                }
            }
        }
        if self.traps.fails_on_count && value("count").is_some() {
            return Response::builder().status(500).body(Body::empty()).unwrap();
        }
        let number = |name: &str| value(name).and_then(|text| text.parse::<usize>().ok());
        let start = if self.traps.ignores_pages { 0 } else { number("startIndex").unwrap_or(1) - 1 };
        let count = number("count").unwrap_or(3).min(3);
        list(&all.iter().skip(start).take(count).cloned().collect::<Vec<_>>(), all.len())
    }

    /// Whether a strict service refuses a user.
    fn is_refused(&self, members: &Map<String, Json>) -> bool {
        let knows = |name: &String| STRICT.contains(&name.as_str());
        let has_primary = |emails: &Json| emails.as_array().unwrap().iter().any(|mail| mail.get("primary").is_some());
        self.traps.strict
            && (!members.keys().all(knows)
                || members.get("emails").is_some_and(has_primary)
                || members
                    .get("name")
                    .is_some_and(|name| name.get("familyName").is_none() || name.get("formatted").is_some())
                || !members.contains_key("active"))
    }

    fn create(&mut self, body: Json) -> Response {
        let Json::Object(mut members) = body else { return error(400, "invalidSyntax") };
        let password = members.remove("password").and_then(|password| password.as_str().map(str::to_owned));
        let is_short = password.as_ref().is_some_and(|password| password.len() < self.traps.least_password);
        if is_short || self.is_refused(&members) || (self.traps.needs_password && password.is_none()) {
            return error(400, "invalidValue");
        }
        let name = members["userName"].as_str().unwrap().to_lowercase();
        if self.users.iter().any(|user| user.members["userName"].as_str().unwrap().to_lowercase() == name) {
            match self.traps.duplicates {
                Duplicates::Conflict => return error(409, "uniqueness"),
                Duplicates::BadRequest => return error(400, "uniqueness"),
                Duplicates::Failure => {
                    let page = Response::builder().status(500).header("content-type", "text/html");
                    return page.body("<h1>Internal Server Error</h1>".into()).unwrap();
                }
                Duplicates::Second => {}
            }
        }
        if self.traps.drops_external_id {
            members.remove("externalId");
        }
        if self.traps.drops_active {
            members.insert("active".to_owned(), json!(true));
        }
        let password = password.filter(|_| !self.traps.drops_password);
        let at = self.insert(members, password);
        if self.traps.lost > 0 {
            self.traps.lost -= 1;
            let broken = futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("lost"))]);
            return Response::builder().status(201).body(Body::from_stream(broken)).unwrap();
        }
        if self.traps.says_nothing {
            return Response::builder().status(201).body(Body::empty()).unwrap();
        }
        let mut response = answer(201, &self.users[at].json());
        response.headers_mut().insert("etag", self.users[at].etag().parse().unwrap());
        response
    }

    fn one(&mut self, method: &str, id: &str, body: &Json, version: Option<String>) -> Response {
        let Some(at) = self.users.iter().position(|user| user.members["id"] == id) else { return error(404, "") };
        if method == "GET" {
            let mut response = answer(200, &self.users[at].json());
            response.headers_mut().insert("etag", self.users[at].etag().parse().unwrap());
            return response;
        }
        match version {
            None if self.traps.wants_version => return error(428, ""),
            Some(version) if version != self.users[at].etag() => return error(412, ""),
            _ => {}
        }
        match method {
            "DELETE" => {
                self.users.remove(at);
                Response::builder().status(204).body(Body::empty()).unwrap()
            }
            "PATCH" if !self.traps.has_no_patch => {
                let operations = body["Operations"].as_array().unwrap().clone();
                let changes = operations.into_iter().map(|operation| {
                    assert_eq!(operation["op"], "replace");
                    (operation["path"].as_str().unwrap().to_owned(), operation["value"].clone())
                });
                self.replace(at, changes.collect())
            }
            "PUT" => {
                let changes = body.as_object().unwrap().clone();
                assert!(!changes.contains_key("meta") && !changes.contains_key("id"));
                self.replace(at, changes)
            }
            _ => error(501, ""),
        }
    }

    fn replace(&mut self, at: usize, mut changes: Map<String, Json>) -> Response {
        if let Some(password) = changes.remove("password") {
            let password = password.as_str().unwrap().to_owned();
            if password.len() < self.traps.least_password {
                return error(400, "invalidValue");
            }
            self.users[at].password = Some(password);
        }
        self.users[at].members.extend(changes);
        self.users[at].touch();
        answer(200, &self.users[at].json())
    }
}
