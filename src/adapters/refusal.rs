//! The failures of a transaction that its own code decides, as errors of the driver, so that a job has one kind of error.

use thiserror::Error;

use crate::ports::PortErrorKind;

/// A reason for a job to fail.
#[derive(Debug, Error)]
#[error("{0}")]
struct Refusal(&'static str);

/// A job that ran too late.
#[derive(Debug, Error)]
#[error("{0}")]
struct Late(&'static str);

/// The error of a job that cannot continue; its sentence is shown to operators.
#[must_use]
pub fn refusal(detail: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Refusal(detail)))
}

/// The error of a job that must not write any more because its time is up; its sentence is shown to operators.
#[must_use]
pub fn late(detail: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Late(detail)))
}

/// What a job itself decided; `None` for failures of the database.
pub(in crate::adapters) fn decided(error: &sqlx::Error) -> Option<(PortErrorKind, &'static str)> {
    let sqlx::Error::Decode(cause) = error else { return None };
    if let Some(Refusal(detail)) = cause.downcast_ref() {
        return Some((PortErrorKind::BadResponse, detail));
    }
    cause.downcast_ref().map(|Late(detail)| (PortErrorKind::Unavailable, *detail))
}
