//! Account ids: UUIDs of version 7 (RFC 9562), which increase over time.

use jiff::Timestamp;
use uuid::Builder;

use crate::ports::{PortError, PortErrorKind, TargetId};
use crate::random;

/// Creates a new id.
///
/// # Errors
/// If the system has no random bytes.
pub(in crate::adapters) fn new_id_at(target: &str, at: Timestamp) -> Result<TargetId, PortError> {
    let tail = random::bytes()
        .map_err(|error| PortError::new(PortErrorKind::Unavailable, target, "create").caused_by(error))?;
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ok(TargetId(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_increase_over_time() {
        let ids = [1_000, 1_000, 2_000]
            .map(|second| new_id_at("target", Timestamp::from_second(second).expect("a time")).expect("an id").0);
        assert_ne!(ids[0], ids[1]);
        assert!(ids[0] < ids[2] && ids[1] < ids[2]);
        assert_eq!(uuid::Uuid::parse_str(&ids[0]).expect("a UUID").get_version_num(), 7);
    }
}
