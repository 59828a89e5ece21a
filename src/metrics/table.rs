//! The table of metrics.

use metrics::Unit::{Bytes, Count, Seconds};

use super::labels::{
    ADAPTER, ADMISSION, ANCHOR, CALL_RESULT, CHANGE, CLAIM, COMPARED, DRIFT, EVENT, FAILURE, FIELD, HASH, HOOK_RESULT,
    LANE_BYTES, OPERATION, OUTCOME, POINT, PORT, POST_RESULT, PUSH_RESULT, REASON, RELOAD, ROUTE, RULE, SAMPLE_RESULT,
    SCHEME, SOURCE, STATUS, STEP, STEP_PORT, STEP_RESULT, TURNED_AWAY, VERDICT, WEBHOOK, WRITE_RESULT,
};
use super::{Counter, Description, Gauge, Histogram, Kind};

/// Upper bounds in seconds, from a lookup in a local store to the longest login.
const LATENCY: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// No buckets.
const NONE: &[f64] = &[];

macro_rules! table {
    ($($kind:ident $row:ident = $name:literal $unit:ident $buckets:ident [$($label:ident),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $row: $kind<{ <[&str]>::len(&[$(stringify!($label)),*]) }> = $kind(Description {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                buckets: $buckets,
                help: $help,
            });
        )*

        /// All metrics.
        pub static ALL: &[&Description] = &[$(&$row.0),*];
    };
}

table! {
    Counter LOGINS = "landfall_logins_total" Count NONE [OUTCOME, REASON]
        "Logins, by how they ended.";
    Histogram LOGIN_SECONDS = "landfall_login_seconds" Seconds LATENCY [OUTCOME]
        "Duration of logins, without the wait of refusals.";
    Histogram STEP_SECONDS = "landfall_step_seconds" Seconds LATENCY [STEP, STEP_PORT, STEP_RESULT]
        "Duration of the steps of a login.";
    Counter LOGINS_LEFT_OUT = "landfall_logins_left_out_total" Count NONE []
        "Logins of a record that its account does not own, because they are contested.";
    Counter ATTEMPTS = "landfall_attempts_total" Count NONE [ADMISSION]
        "Attempts, by whether they were within the limits.";
    Counter VERIFICATIONS = "landfall_verifications_total" Count NONE [SCHEME, VERDICT]
        "Passwords verified against the legacy system.";
    Counter HASHES = "landfall_hashes_total" Count NONE [HASH]
        "Password hashes computed, decoys included.";
    Counter MAPPING_WARNINGS = "landfall_mapping_warnings_total" Count NONE [RULE]
        "Claims left out because their value was invalid.";
    Counter INVALID_RECORDS = "landfall_invalid_records_total" Count NONE [RULE]
        "Reasons of invalid records.";
    Counter PORT_FAILURES = "landfall_port_failures_total" Count NONE [ADAPTER, OPERATION, FAILURE]
        "Failures of sources, verifiers, targets and the ledger.";
    Counter PORT_CALLS = "landfall_port_calls_total" Count NONE [PORT]
        "Calls of guarded ports.";
    Counter PORT_LATE = "landfall_port_late_total" Count NONE [PORT]
        "Calls of guarded ports that exceeded the time limit.";
    Histogram PORT_SECONDS = "landfall_port_seconds" Seconds LATENCY [ADAPTER, OPERATION, CALL_RESULT]
        "Duration of single calls of a port.";
    Counter PORT_RETRIES = "landfall_port_retries_total" Count NONE [ADAPTER]
        "Reads that were tried once more.";
    Counter PORT_CROWDED = "landfall_port_crowded_total" Count NONE [ADAPTER]
        "Calls that found no place within `guard.queue`.";
    Gauge BREAKER_STATE = "landfall_breaker_state" Count NONE [ADAPTER]
        "State of the circuit breaker: 0 closed, 1 half open, 2 open.";
    Counter BREAKER_REFUSED = "landfall_breaker_refused_total" Count NONE [ADAPTER]
        "Calls that an open circuit breaker did not let through.";
    Counter RULES_RELOADS = "landfall_rules_reloads_total" Count NONE [RELOAD]
        "Times that the rules were read again.";
    Gauge RULES_BROKEN = "landfall_rules_broken" Count NONE []
        "1 while the rule files are broken and older rules are active.";
    Gauge REFUSAL_RELEASE = "landfall_refusal_release_seconds" Seconds NONE []
        "Refusals are answered no sooner than this.";
    Gauge LONGEST_CHECK = "landfall_longest_check_seconds" Seconds NONE []
        "The longest verification of a stored hash that is allowed.";
    Gauge LANE_WAITING = "landfall_lane_waiting" Count NONE []
        "Waiting hashes.";
    Gauge LANE_RUNNING = "landfall_lane_running" Count NONE []
        "Running hashes.";
    Gauge LANE_WAIT = "landfall_lane_wait_seconds" Seconds NONE []
        "How long a new login is expected to wait for its hashes; beyond half of `login.deadline` it is answered 503.";
    Gauge LANE_MEMORY = "landfall_lane_bytes" Bytes NONE [LANE_BYTES]
        "Memory of the hashing lane.";
    Counter HOOKS = "landfall_hooks_total" Count NONE [POINT, HOOK_RESULT]
        "Runs of hooks.";
    Counter WEBHOOK_POSTS = "landfall_webhook_posts_total" Count NONE [WEBHOOK, POST_RESULT]
        "Attempts to send an event.";
    Counter EVENTS_DEAD = "landfall_events_dead_total" Count NONE [WEBHOOK, EVENT]
        "Events that were given up after the last attempt.";
    Counter EVENTS_DROPPED = "landfall_events_dropped_total" Count NONE [WEBHOOK]
        "Events dropped because their receiver is not in the settings any more.";
    Counter WRITE_BACKS = "landfall_write_backs_total" Count NONE [SOURCE, WRITE_RESULT]
        "Attempts to tell a legacy system of a migrated customer, and customers it was given up for.";
    Counter SAMPLES = "landfall_samples_total" Count NONE [SAMPLE_RESULT]
        "Copies of legacy records that `shadow` and `drift` look at, beside the logins.";
    Counter SHADOW_RECORDS = "landfall_shadow_records_total" Count NONE [SOURCE, COMPARED]
        "Records on which candidate rules ran beside the active ones.";
    Counter SHADOW_DIFFERENCES = "landfall_shadow_differences_total" Count NONE [SOURCE, CLAIM, CHANGE]
        "What candidate rules make differently.";
    Gauge SHADOW_BROKEN = "landfall_shadow_broken" Count NONE [SOURCE]
        "1 while the files of candidate rules are broken and older candidates run.";
    Counter DRIFTS = "landfall_drifts_total" Count NONE [SOURCE, FIELD, DRIFT]
        "Fields of legacy records that differ from the assessment, each once since the start.";
    Counter ANCHORS = "landfall_anchors_total" Count NONE [ANCHOR, PUSH_RESULT]
        "Pushes of the audit's head.";
    Counter HTTP_REQUESTS = "landfall_http_requests_total" Count NONE [ROUTE, STATUS]
        "Requests.";
    Histogram HTTP_REQUEST_SECONDS = "landfall_http_request_seconds" Seconds LATENCY [ROUTE]
        "Duration of requests.";
    Counter HTTP_SHED = "landfall_http_shed_total" Count NONE []
        "Requests turned away because too many were running.";
    Gauge CONNECTIONS = "landfall_connections" Count NONE []
        "Open connections.";
    Counter CONNECTIONS_REFUSED = "landfall_connections_refused_total" Count NONE [TURNED_AWAY]
        "Connections turned away: too many, too many of one peer, or a failed handshake.";
    Counter PANICS = "landfall_panics_total" Count NONE []
        "Requests that panicked.";
}
