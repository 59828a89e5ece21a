//! From what goes wrong with a request to port errors.

use std::error::Error as StdError;

use super::address::Refused;
use crate::ports::{PortError, PortErrorKind};

/// A failure before it is known whose it is. Contains no text of the server and no value, which may belong to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: PortErrorKind,
    detail: String,
    about: About,
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The system.
    System,
    /// One record, while the system works.
    OneRecord,
    /// This process, whatever the system does.
    ThisProcess,
}

impl Failure {
    /// A failure for this reason.
    pub fn new(kind: PortErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), about: About::System }
    }

    /// An answer that cannot be used.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(PortErrorKind::BadResponse, detail)
    }

    /// One record is at fault while the system works.
    pub fn of_one_record(detail: impl Into<String>) -> Self {
        Self { about: About::OneRecord, ..Self::bad(detail) }
    }

    /// This process did not send the request. Says nothing about the system.
    pub fn of_this_process(kind: PortErrorKind, detail: impl Into<String>) -> Self {
        Self { about: About::ThisProcess, ..Self::new(kind, detail) }
    }

    /// No answer in time.
    pub fn late() -> Self {
        Self::new(PortErrorKind::Unavailable, "the server did not answer in time")
    }

    /// What a status means that is neither a success nor expected.
    pub fn status(status: u16, retry_after: Option<&str>) -> Self {
        let (kind, what) = match status {
            408 | 502..=504 => (PortErrorKind::Unavailable, "the server is not available"),
            429 => (PortErrorKind::RateLimited, "the server limits the rate of requests"),
            500.. => (PortErrorKind::Unavailable, "the server failed"),
            300..=399 => (PortErrorKind::BadResponse, "the server redirects, which is not followed"),
            401 | 403 | 407 => (PortErrorKind::Denied, "the server refused Landfall's own credentials"),
            404 | 405 | 410 => (PortErrorKind::Misconfigured, "the server does not know the path"),
            400..=499 => (PortErrorKind::BadResponse, "the server rejected the request"),
            _ => (PortErrorKind::BadResponse, "the answer is not one that the settings describe"),
        };
        let wait = retry_after.filter(|text| text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit()));
        let wait = wait.map(|seconds| format!(", wait {seconds} s")).unwrap_or_default();
        Self::new(kind, format!("{what} (status {status}{wait})"))
    }

    /// A request that got no answer, or not all of one.
    pub fn transport(error: &reqwest::Error) -> Self {
        if let Some(refused) = cause::<Refused>(error) {
            return Self::new(PortErrorKind::Misconfigured, refused.to_string());
        }
        if let Some(problem) = cause::<rustls::Error>(error) {
            return Self::tls(problem);
        }
        let detail = match error {
            error if error.is_timeout() => "the server does not accept connections in time",
            error if error.is_connect() => "cannot connect to the server",
            error if error.is_decode() => "the body of the answer is incomplete or badly compressed",
            error if error.is_body() => "the answer ended early",
            _ => "the connection broke",
        };
        Self::new(PortErrorKind::Unavailable, detail)
    }

    fn tls(problem: &rustls::Error) -> Self {
        let detail = match problem {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                "the certificate of the server is not trusted"
            }
            rustls::Error::AlertReceived(_) => {
                "the server refused the TLS connection; it may want a client certificate"
            }
            _ => "no TLS connection to the server",
        };
        Self::new(PortErrorKind::Misconfigured, detail)
    }

    /// What happened, in one sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The error of a port.
    pub fn of(self, adapter: &str, operation: &'static str) -> PortError {
        let error = PortError::new(self.kind, adapter, operation).because(self.detail);
        match self.about {
            About::System => error,
            About::OneRecord => error.about_one_record(),
            About::ThisProcess => error.about_this_process(),
        }
    }
}

/// The first cause of this type.
fn cause<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // an I/O error hides what it was made from
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && let Some(inner) = io.get_ref()
            && let Some(found) = cause::<T>(inner)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}
