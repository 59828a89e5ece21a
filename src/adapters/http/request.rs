//! Requests: compiled once, filled for each customer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use url::Url;
use zeroize::Zeroizing;

use super::error::Failure;
use super::position::{self, MARK, fits_json, fits_xml};
use super::shape::{BasicSettings, BodySettings, RequestSettings};
use super::template::{Known, Name, Place, Template, TemplateError, Values};
use crate::adapters::product_rules::RulesMistake;
use crate::model::json;
use crate::ports::PortErrorKind;

/// Headers that the client sets, or that decide where a request ends.
pub(super) const RESERVED: [&str; 9] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "te",
    "trailer",
    "upgrade",
    "accept-encoding",
];

/// Parts of the names of fields and headers that hold secrets. Fewer than those whose values are hidden: `keyword` and
/// `token_type` may be written in a request.
const PRIVATE: [&str; 8] =
    ["authorization", "cookie", "secret", "password", "api-key", "api_key", "apikey", "access_token"];

/// A mistake in settings: its code, the key, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub code: &'static str,
    pub key: String,
    pub message: String,
    pub help: String,
}

impl Mistake {
    /// A mistake at a key.
    pub fn new(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: "R506", key: key.into(), message: message.into(), help: help.into() }
    }

    /// Something that is missing at a key.
    pub fn missing(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: "R503", ..Self::new(key, message, help) }
    }

    /// A contradiction between a key and others.
    pub fn contradiction(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: "R508", ..Self::new(key, message, help) }
    }

    /// A mistake in a template at a key.
    pub fn template(key: &str, error: &TemplateError) -> Self {
        Self::new(key, format!("`{key}` is invalid: {error}"), error.help())
    }
}

impl From<RulesMistake> for Mistake {
    fn from(RulesMistake { key, message, help }: RulesMistake) -> Self {
        Self::new(key, message, help)
    }
}

/// A compiled request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Body>,
    basic: Option<(Template, Template)>,
}

#[derive(Debug, Clone)]
enum Body {
    Json(Node, HeaderValue),
    Form(Vec<(String, Template)>, HeaderValue),
    Text(Template, Place, HeaderValue),
}

/// JSON with placeholders in its texts.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Constant(String),
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A request that is ready to be sent.
pub(crate) struct Built {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Zeroizing<Vec<u8>>>,
}

impl Request {
    /// Compiles a request.
    ///
    /// # Errors
    /// All mistakes.
    pub fn compile(settings: &RequestSettings, known: Known<'_>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let outside = Known { password: false, ..known };
        let method = method(settings).map_err(|mistake| mistakes.push(mistake)).unwrap_or_default();
        let path = path(&settings.path, outside).map_err(|mistake| mistakes.push(mistake)).ok();
        let query = fields("query", &settings.query, outside, &mut mistakes);
        let headers = headers(&settings.headers, outside, &mut mistakes);
        let body = settings.body.as_ref().and_then(|body| Body::compile(body, known, &mut mistakes));
        let basic = settings.basic.as_ref().and_then(|basic| basic_of(basic, known, &mut mistakes));
        match path {
            Some(path) if mistakes.is_empty() => Ok(Self { method, path, query, headers, body, basic }),
            _ => Err(mistakes),
        }
    }

    /// Fills the placeholders.
    pub fn build(&self, base: &Url, values: &Values<'_>) -> Result<Built, Failure> {
        let url = self.url(base, values)?;
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            headers.append(name, sensitive(&template.fill(Place::Header, values)?)?);
        }
        if let Some((user, password)) = &self.basic {
            let (user, password) = (user.fill(Place::Basic, values)?, password.fill(Place::Basic, values)?);
            if user.contains(':') {
                return Err(Failure::of_one_record("a user name with a colon cannot be sent by basic authentication"));
            }
            headers.insert(AUTHORIZATION, basic(&user, &password)?);
        }
        let mut bytes = None;
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, body.content_type().clone());
            bytes = Some(body.build(values)?);
        }
        Ok(Built { method: self.method.clone(), url, headers, body: bytes })
    }

    /// Fills the placeholders, with a body that was made elsewhere.
    pub fn build_with_body(
        &self,
        base: &Url,
        values: &Values<'_>,
        (content_type, body): (HeaderValue, Zeroizing<Vec<u8>>),
    ) -> Result<Built, Failure> {
        let mut built = self.build(base, values)?;
        built.headers.insert(CONTENT_TYPE, content_type);
        Ok(Built { body: Some(body), ..built })
    }

    fn url(&self, base: &Url, values: &Values<'_>) -> Result<Url, Failure> {
        let path = self.path.fill(Place::Path, values)?;
        let wrong = || Failure::of_one_record("a value cannot be a segment of a path");
        // a reader takes `.` and `..` out of a path, and an empty segment may mean the whole collection
        for name in self.path.names() {
            if values.value(name)?.as_text().is_some_and(str::is_empty) {
                return Err(wrong());
            }
        }
        if path.split('/').any(is_dots) {
            return Err(wrong());
        }
        let mut text = format!("{}{}", base.as_str().trim_end_matches('/'), path.as_str());
        for (at, (name, template)) in self.query.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&template.fill(Place::Form, values)?);
        }
        let url = Url::parse(&text).map_err(|_| wrong())?;
        // INVARIANT: no value decides where a request goes.
        let same = url.host() == base.host() && url.port() == base.port() && url.scheme() == base.scheme();
        if same && url.username().is_empty() && url.fragment().is_none() { Ok(url) } else { Err(wrong()) }
    }

    /// Whether the password is sent where control characters cannot be.
    pub fn refuses_controls(&self) -> bool {
        self.basic.is_some() || matches!(self.body, Some(Body::Text(_, Place::Xml, _)))
    }

    /// All placeholders.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        let named = self.query.iter().map(|(_, template)| template);
        let headers = self.headers.iter().map(|(_, template)| template);
        let basic = self.basic.iter().flat_map(|(user, password)| [user, password]);
        let body = self.body.iter().flat_map(Body::templates);
        std::iter::once(&self.path).chain(named).chain(headers).chain(basic).chain(body).flat_map(Template::names)
    }

    /// Whether the path has a placeholder.
    pub fn path_has_values(&self) -> bool {
        self.path.names().any(|name| !matches!(name, Name::Param(_)))
    }
}

/// A header for basic authentication.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, Failure> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    sensitive(&Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
}

/// The value of a header that is not shown.
pub(super) fn sensitive(text: &str) -> Result<HeaderValue, Failure> {
    let invalid = |_| Failure::new(PortErrorKind::Misconfigured, "a value cannot be sent in a header");
    let mut value = HeaderValue::from_str(text).map_err(invalid)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a segment is `.` or `..`, in any spelling that readers of URLs know.
fn is_dots(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

fn method(settings: &RequestSettings) -> Result<Method, Mistake> {
    let written = settings.method.as_deref().unwrap_or(if settings.body.is_some() { "POST" } else { "GET" });
    match written.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(Mistake::new("method", "the method is unknown", "use GET, POST, PUT, PATCH or DELETE")),
    }
}

fn path(text: &str, known: Known<'_>) -> Result<Template, Mistake> {
    let template = Template::parse(text, known).map_err(|error| Mistake::template("path", &error))?;
    let is_plain =
        |part: &str| !part.contains(['?', '#', '\\']) && !part.contains(|c: char| c.is_control() || c == ' ');
    let is_path = text.starts_with('/') && template.literals().all(is_plain) && !text.split('/').any(is_dots);
    if is_path {
        return Ok(template);
    }
    let help = "write `/` and the rest of the path; parameters belong in `query`";
    Err(Mistake::new("path", "the path is invalid", help))
}

fn fields(
    key: &str,
    fields: &BTreeMap<String, String>,
    known: Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(String, Template)> {
    let mut compiled = Vec::new();
    for (name, text) in fields {
        match literal_and_values(text, known) {
            Ok(template) if is_written_secret(name, &template) => {
                mistakes.push(written_secret(format!("{key}.{name}")));
            }
            Ok(template) => {
                let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
                compiled.push((name.to_string(), template));
            }
            Err(error) => mistakes.push(Mistake::template(&format!("{key}.{name}"), &error)),
        }
    }
    compiled
}

/// Whether a secret is written where settings are shown.
fn is_written_secret(name: &str, template: &Template) -> bool {
    let name = name.to_ascii_lowercase();
    PRIVATE.iter().any(|part| name.contains(part))
        && template.names().next().is_none()
        && template.literals().next().is_some()
}

fn written_secret(key: String) -> Mistake {
    let help = "use `server.auth`; or write `{param.token}` here, and `token: 'file:…'` under `params`";
    Mistake::new(key, "a secret is written in a request, where it is shown", help)
}

/// A template for a query or a form, whose literal parts are encoded too.
fn literal_and_values(text: &str, known: Known<'_>) -> Result<Template, TemplateError> {
    Template::parse(text, known).map(Template::encoded)
}

fn headers(
    headers: &BTreeMap<String, String>,
    known: Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(HeaderName, Template)> {
    let mut compiled = Vec::new();
    for (name, text) in headers {
        let key = format!("headers.{name}");
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        let Some(header) = parsed.filter(|name| !RESERVED.contains(&name.as_str())) else {
            let help = "name a header that Landfall does not set itself; `body.content_type` sets the content type";
            mistakes.push(Mistake::new(key, "the header cannot be set", help));
            continue;
        };
        match Template::parse(text, known) {
            Ok(template) if is_written_secret(name, &template) => mistakes.push(written_secret(key)),
            Ok(template) if header == COOKIE && template.names().any(|name| !matches!(name, Name::Param(_))) => {
                let help = "a value could add cookies of its own; send it in the query or the body";
                mistakes.push(Mistake::new(key, "values in a cookie cannot be escaped", help));
            }
            Ok(template) if template.literals().all(|part| part.bytes().all(|b| (b' '..=b'~').contains(&b))) => {
                compiled.push((header, template));
            }
            Ok(_) => mistakes.push(Mistake::new(key, "the header is not plain ASCII", "use visible ASCII characters")),
            Err(error) => mistakes.push(Mistake::template(&key, &error)),
        }
    }
    compiled
}

fn basic_of(settings: &BasicSettings, known: Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<(Template, Template)> {
    let mut part = |key: &str, text: &str| {
        Template::parse(text, known).map_err(|error| mistakes.push(Mistake::template(key, &error))).ok()
    };
    let user = part("basic.user", &settings.user);
    let password = part("basic.password", &settings.password);
    user.zip(password)
}

impl Body {
    fn compile(settings: &BodySettings, known: Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let content_type = |usual: &'static str| {
            settings.content_type.as_deref().map_or(Ok(HeaderValue::from_static(usual)), HeaderValue::from_str)
        };
        let is_utf8 = position::is_utf8(
            settings.content_type.as_deref().unwrap_or_default(),
            settings.text.as_deref().unwrap_or_default(),
        );
        if !is_utf8 {
            let help = "bodies are sent in UTF-8; with another charset the server would read other passwords";
            mistakes.push(Mistake::new("body", "the body is declared in a charset other than UTF-8", help));
        }
        let mut header = |usual| {
            let help = "write a media type such as `text/xml; charset=utf-8`";
            let found = content_type(usual);
            found.map_err(|_| mistakes.push(Mistake::new("body.content_type", "not a content type", help))).ok()
        };
        match (&settings.json, &settings.form, &settings.text) {
            (Some(json), None, None) => {
                let header = header("application/json")?;
                let node = Node::compile(json, known).map_err(|e| mistakes.push(Mistake::template("body.json", &e)));
                Some(Self::Json(node.ok()?, header))
            }
            (None, Some(form), None) => {
                let header = header("application/x-www-form-urlencoded")?;
                Some(Self::Form(fields("body.form", form, known, mistakes), header))
            }
            (None, None, Some(text)) => {
                let header = header("")?;
                let Some(place) = place_of(header.to_str().unwrap_or_default()) else {
                    let help = "set `content_type` to an XML, JSON or form type, whose values can be escaped";
                    mistakes.push(Mistake::new("body.content_type", "values in this text cannot be escaped", help));
                    return None;
                };
                let template = Template::parse(text, known);
                let template = template.map_err(|error| mistakes.push(Mistake::template("body.text", &error))).ok()?;
                mistakes.extend(misplaced(&template, place));
                Some(Self::Text(template, place, header))
            }
            _ => {
                let help = "for example `body: { json: { login: '{identifier}' } }`";
                mistakes.push(Mistake::new("body", "a body is one of `json`, `form` and `text`", help));
                None
            }
        }
    }

    fn content_type(&self) -> &HeaderValue {
        match self {
            Self::Json(_, header) | Self::Form(_, header) | Self::Text(_, _, header) => header,
        }
    }

    fn build(&self, values: &Values<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut out = Zeroizing::new(Vec::with_capacity(1024));
        match self {
            Self::Json(node, _) => node.write(values, &mut out)?,
            Self::Form(fields, _) => {
                for (name, template) in fields {
                    if !out.is_empty() {
                        out.push(b'&');
                    }
                    out.extend_from_slice(name.as_bytes());
                    out.push(b'=');
                    out.extend_from_slice(template.fill(Place::Form, values)?.as_bytes());
                }
            }
            Self::Text(template, place, _) => out.extend_from_slice(template.fill(*place, values)?.as_bytes()),
        }
        Ok(out)
    }

    fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Json(node, _) => node.templates(),
            Self::Form(fields, _) => fields.iter().map(|(_, template)| template).collect(),
            Self::Text(template, ..) => vec![template],
        }
    }
}

/// A placeholder where readers of the text would not find its value.
fn misplaced(template: &Template, place: Place) -> Option<Mistake> {
    let text = template.marked(MARK);
    let (fits, help) = match place {
        Place::Xml => {
            (fits_xml(&text), "put it into the text of an element or a quoted attribute; CDATA has no escapes")
        }
        Place::JsonText => {
            (fits_json(&text), "put it between quotes; `json` in place of `text` keeps the types of values")
        }
        _ => (true, ""),
    };
    let message = "a placeholder stands where its value cannot be escaped";
    (!fits).then(|| Mistake::new("body.text", message, help))
}

/// How values of a text are escaped.
fn place_of(content_type: &str) -> Option<Place> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Some(Place::Form),
        json if json == "application/json" || json.ends_with("+json") => Some(Place::JsonText),
        xml if matches!(xml, "text/xml" | "application/xml") || xml.ends_with("+xml") => Some(Place::Xml),
        _ => None,
    }
}

impl Node {
    pub(super) fn compile(value: &Json, known: Known<'_>) -> Result<Self, TemplateError> {
        Ok(match value {
            Json::String(text) => Self::Text(Template::parse(text, known)?),
            Json::Array(items) => {
                Self::List(items.iter().map(|item| Self::compile(item, known)).collect::<Result<_, _>>()?)
            }
            Json::Object(members) => {
                let member = |(name, value): (&String, &Json)| Ok((name.clone(), Self::compile(value, known)?));
                Self::Object(members.iter().map(member).collect::<Result<_, TemplateError>>()?)
            }
            other => Self::Constant(other.to_string()),
        })
    }

    pub(super) fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        match self {
            Self::Constant(text) => out.extend_from_slice(text.as_bytes()),
            Self::Text(template) => match template.alone() {
                Some(name) => json::write(values.whole(name)?, out),
                None => json::write_text(&template.fill(Place::Json, values)?, out),
            },
            Self::List(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write(values, out)?;
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (at, (name, member)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    json::write_text(name, out);
                    out.push(b':');
                    member.write(values, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, node)| node.templates()).collect(),
        }
    }
}
