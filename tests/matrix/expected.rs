//! What is expected of each cell. This is the documented behaviour, written by hand, and not what a run has shown.

use crate::servers::http_faults::BadTls;
use crate::service::{Answered, Failed};

/// A system that an adapter talks to, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapter {
    HttpSource,
    HttpVerifier,
    RequiredPart,
    OptionalPart,
    LdapSource,
    LdapVerifier,
    Postgres,
    Mysql,
}

impl Adapter {
    pub fn is_database(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql)
    }
}

/// The columns, and what they are called.
pub const ADAPTERS: [(Adapter, &str); 8] = [
    (Adapter::HttpSource, "HTTP source"),
    (Adapter::HttpVerifier, "HTTP verifier"),
    (Adapter::RequiredPart, "required part by HTTP"),
    (Adapter::OptionalPart, "optional part by HTTP"),
    (Adapter::LdapSource, "LDAP source"),
    (Adapter::LdapVerifier, "LDAP verifier"),
    (Adapter::Postgres, "PostgreSQL"),
    (Adapter::Mysql, "MySQL"),
];

/// What a legacy system does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    ShortLatency,
    LongLatency,
    Drip,
    BlackHole,
    Refuse,
    Reset,
    ShortAnswer,
    Broken,
    Unavailable,
    Busy,
    BusyUntil,
    Html,
    Empty,
    OtherProtocol,
    Redirect,
    GzipBomb,
    Huge,
    Endless,
    EndlessHeaders,
    Malformed,
    Deep,
    DuplicateKeys,
    Charset,
    Flapping,
    Expired,
    SelfSigned,
    WrongHost,
    UnknownAuthority,
    NoTls,
}

/// The rows.
pub const FAULTS: [Fault; 29] = [
    Fault::ShortLatency,
    Fault::LongLatency,
    Fault::Drip,
    Fault::BlackHole,
    Fault::Refuse,
    Fault::Reset,
    Fault::ShortAnswer,
    Fault::Broken,
    Fault::Unavailable,
    Fault::Busy,
    Fault::BusyUntil,
    Fault::Html,
    Fault::Empty,
    Fault::OtherProtocol,
    Fault::Redirect,
    Fault::GzipBomb,
    Fault::Huge,
    Fault::Endless,
    Fault::EndlessHeaders,
    Fault::Malformed,
    Fault::Deep,
    Fault::DuplicateKeys,
    Fault::Charset,
    Fault::Flapping,
    Fault::Expired,
    Fault::SelfSigned,
    Fault::WrongHost,
    Fault::UnknownAuthority,
    Fault::NoTls,
];

impl Fault {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShortLatency => "latency below the limits",
            Self::LongLatency => "latency above the limits",
            Self::Drip => "a byte a second",
            Self::BlackHole => "no answer at all",
            Self::Refuse => "connection refused",
            Self::Reset => "reset in the middle of an answer",
            Self::ShortAnswer => "closed in the middle of an answer",
            Self::Broken => "internal error (500)",
            Self::Unavailable => "unavailable (503)",
            Self::Busy => "too many requests (429)",
            Self::BusyUntil => "the same with `Retry-After`",
            Self::Html => "a page in HTML with status 200",
            Self::Empty => "an empty answer with status 200",
            Self::OtherProtocol => "an answer in another protocol",
            Self::Redirect => "redirect",
            Self::GzipBomb => "gzip bomb of 1 GiB",
            Self::Huge => "an answer of 1 GiB, announced",
            Self::Endless => "an answer of 1 GiB, not announced",
            Self::EndlessHeaders => "headers without end",
            Self::Malformed => "malformed answer",
            Self::Deep => "deeply nested values",
            Self::DuplicateKeys => "duplicate keys",
            Self::Charset => "wrong charset",
            Self::Flapping => "a second down, a second up",
            Self::Expired => "TLS: expired certificate",
            Self::SelfSigned => "TLS: self-signed certificate",
            Self::WrongHost => "TLS: certificate of another host",
            Self::UnknownAuthority => "TLS: certificate of an unknown authority",
            Self::NoTls => "no TLS where it is expected",
        }
    }
}

impl Fault {
    /// The bad TLS that it is.
    pub fn tls(self) -> Option<BadTls> {
        match self {
            Self::Expired => Some(BadTls::Expired),
            Self::SelfSigned => Some(BadTls::SelfSigned),
            Self::WrongHost => Some(BadTls::WrongHost),
            Self::UnknownAuthority => Some(BadTls::WrongAuthority),
            Self::NoTls => Some(BadTls::Plain),
            _ => None,
        }
    }
}

/// What a customer is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// 200.
    SignsIn,
    /// 200, and the part is left out because of a failure that the log calls so.
    LeftOut(&'static str),
    /// 503, and how the log calls the failure: its kind, and a sentence.
    Outage(&'static str, &'static str),
    /// 401, and an event that tells the operator that an account is not ours.
    Conflict,
    /// 200 or 503, whatever the system does at the moment.
    Both,
    /// 200, and the part is left out whenever the system is down.
    SometimesLeftOut,
}

/// What the log says when a time limit ended a call: that of the call, or that of the login.
pub const LATE: &str = "the call took too long";

/// What the log says of a directory that sends more and more.
const WITHOUT_END: &str = "the server answers a request without end";

/// The other sentences about an end of time, by those who notice it first.
const ALSO_LATE: [&str; 6] = [
    "the server did not answer in time",
    "the server does not answer",
    "the search took too long",
    "the query took too long",
    "the bind took too long",
    "no time was left for the call",
];

impl Cell {
    /// Whether an answer is the expected one.
    pub fn is(self, answered: &Answered) -> bool {
        let is_late = |text: &str| text.contains(LATE) || ALSO_LATE.iter().any(|also| text.contains(also));
        let says = |want: &str, text: &str| text.contains(want) || (want == LATE && is_late(text));
        let failed = answered.failures.last();
        match self {
            Self::SignsIn => matches!(answered.status, 200 | 204) && failed.is_none(),
            Self::Conflict => answered.status == 401 && answered.outcome == "conflict",
            Self::LeftOut(sentence) => {
                answered.status == 200 && failed.is_some_and(|failed| says(sentence, &failed.detail))
            }
            Self::Outage(kind, sentence) => {
                let is_meant = |failed: &Failed| {
                    // the size or the time ends it, whichever comes first
                    let is_slow = sentence == WITHOUT_END && failed.kind == "unavailable" && is_late(&failed.detail);
                    is_slow || (failed.kind == kind && says(sentence, &failed.detail))
                };
                answered.status == 503 && failed.is_some_and(is_meant)
            }
            Self::Both => matches!(answered.status, 200 | 204 | 503),
            Self::SometimesLeftOut => answered.status == 200,
        }
    }
}

/// The cell of an adapter, if the fault has a meaning for it.
pub fn expected(adapter: Adapter, fault: Fault) -> Option<Cell> {
    let of_web = web(fault);
    match adapter {
        Adapter::HttpSource | Adapter::RequiredPart => Some(of_web),
        Adapter::HttpVerifier => Some(match fault {
            Fault::Empty => bad("no condition describes the answer (status 200)"),
            _ => of_web,
        }),
        Adapter::OptionalPart => Some(match of_web {
            Cell::Outage(_, sentence) => Cell::LeftOut(sentence),
            Cell::Both => Cell::SometimesLeftOut,
            other => other,
        }),
        Adapter::LdapSource => directory(fault),
        Adapter::LdapVerifier => directory(fault),
        Adapter::Postgres => match fault {
            Fault::Broken => Some(bad("the database is damaged")),
            Fault::Unavailable => Some(away("the server is stopping or starting")),
            _ => database(fault),
        },
        Adapter::Mysql => match fault {
            Fault::Broken => Some(away("the server failed")),
            Fault::Unavailable => Some(away("the connection broke")),
            _ => database(fault),
        },
    }
}

pub fn bad(sentence: &'static str) -> Cell {
    Cell::Outage("bad_response", sentence)
}

pub fn away(sentence: &'static str) -> Cell {
    Cell::Outage("unavailable", sentence)
}

fn misconfigured(sentence: &'static str) -> Cell {
    Cell::Outage("misconfigured", sentence)
}

pub fn web(fault: Fault) -> Cell {
    match fault {
        Fault::ShortLatency => Cell::SignsIn,
        Fault::LongLatency | Fault::Drip | Fault::BlackHole => away(LATE),
        Fault::Refuse => away("cannot connect to the server"),
        Fault::Reset | Fault::ShortAnswer => away("the body of the answer is incomplete"),
        Fault::Broken => away("the server failed (status 500)"),
        Fault::Unavailable => away("the server is not available (status 503)"),
        Fault::Busy => Cell::Outage("rate_limited", "the server limits the rate of requests (status 429)"),
        Fault::BusyUntil => {
            Cell::Outage("rate_limited", "the server limits the rate of requests (status 429, wait 30 s)")
        }
        Fault::Html => bad("the answer is not JSON by its content type"),
        Fault::Empty => bad("the answer has no record at `$`"),
        Fault::OtherProtocol => away("the connection broke"),
        Fault::Redirect => bad("the server redirects, which is not followed (status 302)"),
        Fault::GzipBomb | Fault::Huge | Fault::Endless => bad("the answer is larger than 1048576 bytes"),
        Fault::EndlessHeaders => away("the connection broke"),
        Fault::Malformed => bad("the answer is not valid JSON"),
        Fault::Deep => bad("the answer is nested deeper than 64 levels"),
        Fault::DuplicateKeys => bad("the answer has a duplicate key"),
        Fault::Charset => bad("the answer has a charset other than UTF-8"),
        Fault::Flapping => Cell::Both,
        Fault::Expired | Fault::SelfSigned | Fault::WrongHost | Fault::UnknownAuthority => {
            misconfigured("the certificate of the server is not trusted")
        }
        Fault::NoTls => misconfigured("no TLS connection to the server"),
    }
}

fn directory(fault: Fault) -> Option<Cell> {
    Some(match fault {
        Fault::ShortLatency => Cell::SignsIn,
        Fault::LongLatency | Fault::Drip | Fault::BlackHole => away(LATE),
        Fault::Refuse => away("cannot reach the server"),
        Fault::Reset | Fault::ShortAnswer => away("the connection broke"),
        Fault::Broken => away("the directory failed (LDAP result 80)"),
        Fault::Unavailable => away("the directory failed (LDAP result 52)"),
        Fault::Busy => Cell::Outage("rate_limited", "the directory is busy (LDAP result 51)"),
        Fault::OtherProtocol | Fault::Malformed | Fault::Deep | Fault::Charset => {
            bad("the server sends something that is not LDAP")
        }
        Fault::Redirect => {
            misconfigured("the directory refers to another server, which is not followed (LDAP result 10)")
        }
        Fault::Huge => bad("the server sends a message that is too large"),
        Fault::Endless => bad(WITHOUT_END),
        Fault::Flapping => Cell::Both,
        Fault::Expired | Fault::SelfSigned | Fault::WrongHost | Fault::UnknownAuthority => {
            misconfigured("the certificate of the server is not trusted")
        }
        Fault::NoTls => misconfigured("no TLS connection to the server"),
        // without a meaning in LDAP
        Fault::BusyUntil
        | Fault::Html
        | Fault::Empty
        | Fault::GzipBomb
        | Fault::EndlessHeaders
        | Fault::DuplicateKeys => return None,
    })
}

fn database(fault: Fault) -> Option<Cell> {
    Some(match fault {
        Fault::ShortLatency => Cell::SignsIn,
        Fault::LongLatency | Fault::Drip | Fault::BlackHole => away(LATE),
        // the other protocol ends before what it announces in this one
        Fault::Refuse | Fault::Reset | Fault::ShortAnswer | Fault::OtherProtocol => away("cannot reach the server"),
        Fault::Busy => Cell::Outage("rate_limited", "the server has too many connections"),
        Fault::Malformed => bad("the server does not speak the expected protocol"),
        Fault::Flapping => Cell::Both,
        Fault::Expired | Fault::SelfSigned | Fault::WrongHost | Fault::UnknownAuthority => {
            misconfigured("the certificate of the server is not trusted")
        }
        Fault::NoTls => misconfigured("no trusted TLS connection"),
        // answered for each database, or without a meaning
        _ => return None,
    })
}
