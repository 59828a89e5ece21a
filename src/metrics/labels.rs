//! The labels of metrics and their possible values.

use super::Label;

/// How a login ended.
pub const OUTCOME: Label = Label::one_of(
    "outcome",
    &[
        "authenticated",
        "migrated",
        "migrated_must_change_password",
        "refused",
        "conflict",
        "invalid_record",
        "denied_by_rule",
        "legacy_unavailable",
        "target_unavailable",
        "overloaded",
    ],
);

/// Why a login was refused, that its record was unreadable, or that its password was refused. Reasons that rules and hooks define are left out.
pub const REASON: Label = Label::one_of(
    "reason",
    &[
        "",
        "unknown",
        "wrong_password",
        "wrong_password_at_target",
        "malformed",
        "unverifiable",
        "cost_refused",
        "disabled",
        "locked",
        "expired",
        "deleted",
        "missing",
        "attempts",
        "pending",
        "already_migrated",
        "unreadable",
        "password_policy",
    ],
);

/// A step of a login.
pub const STEP: Label = Label::one_of(
    "step",
    &["look", "authenticate", "fetch", "verify", "map", "look_up_logins", "hook", "claim", "create", "record"],
);

/// What a step ran.
pub const STEP_PORT: Label = Label::names_of("port", "the source or verifier, the point of the hook, or empty");

/// How a step ended.
pub const STEP_RESULT: Label = Label::one_of(
    "result",
    &[
        "fine",
        // look, fetch
        "known",
        "unknown",
        // authenticate
        "verified",
        "gone",
        // authenticate, verify
        "mismatch",
        "unusable",
        // verify
        "match",
        "lossy_match",
        "must_change",
        "locked",
        "disabled",
        "expired",
        "malformed",
        "unsupported",
        "cost_refused",
        // map
        "warnings",
        // look_up_logins
        "left_out",
        // hook
        "denied",
        "failed",
        // claim
        "granted",
        "done",
        "buried",
        "held",
        "taken",
        // create
        "new",
        "password_refused",
        "exists",
        "login_conflict",
        "legacy_conflict",
        "deleted",
    ],
);

/// Whether an attempt was within the limits.
pub const ADMISSION: Label = Label::one_of("result", &["admitted", "over_limit"]);

/// The scheme of a stored hash.
pub const SCHEME: Label = Label::names_of("scheme", "a password scheme, or empty");

/// What a verifier said.
pub const VERDICT: Label = Label::one_of(
    "verdict",
    &[
        "match",
        "lossy_match",
        "must_change",
        "mismatch",
        "locked",
        "disabled",
        "expired",
        "unusable",
        "malformed",
        "unsupported",
        "cost_refused",
    ],
);

/// What was hashed for.
pub const HASH: Label = Label::one_of("kind", &["legacy", "target"]);

/// A claim's rule.
pub const RULE: Label = Label::names_of("rule", "a rule in the rule file");

/// An adapter.
pub const ADAPTER: Label = Label::names_of("adapter", "a source, verifier, target or ledger");

/// An operation of a port.
pub const OPERATION: Label = Label::names_of("operation", "an operation of the port, such as `fetch`");

/// How a call of a port failed.
pub const FAILURE: Label = Label::one_of(
    "kind",
    &[
        "unavailable",
        "rate_limited",
        "denied",
        "misconfigured",
        "bad_response",
        "conflict",
        "password_refused",
        "unsupported",
        "cost_refused",
    ],
);

/// How a call of a port ended.
pub const CALL_RESULT: Label = Label::one_of(
    "result",
    &[
        "fine",
        "unavailable",
        "rate_limited",
        "denied",
        "misconfigured",
        "bad_response",
        "conflict",
        "password_refused",
        "unsupported",
    ],
);

/// A guarded port.
pub const PORT: Label = Label::one_of("port", &["source", "verifier", "target", "ledger"]);

/// How the rules were read again.
pub const RELOAD: Label = Label::one_of("result", &["replaced", "unchanged", "broken"]);

/// Memory of the hashing lane: in use, kept for the next hashes, the most that was in use.
pub const LANE_BYTES: Label = Label::one_of("kind", &["busy", "kept", "peak"]);

/// A point in a login at which a hook runs.
pub const POINT: Label =
    Label::one_of("point", &["before_fetch", "after_fetch", "before_create", "after_create", "on_refusal"]);

/// How a hook ended.
pub const HOOK_RESULT: Label = Label::one_of("result", &["fine", "failed"]);

/// A webhook.
pub const WEBHOOK: Label = Label::names_of("webhook", "a webhook, or `write_back:` and a source");

/// How an attempt to send an event ended.
pub const POST_RESULT: Label = Label::one_of("result", &["accepted", "not_accepted", "not_sent"]);

/// The kind of an event.
pub const EVENT: Label =
    Label::one_of("kind", &["migrated", "needs_action", "password_reset", "refused", "failed", "drift"]);

/// A legacy system.
pub const SOURCE: Label = Label::names_of("source", "the name of a source");

/// What became of telling a legacy system: `written`, the customer was `gone`, `cancelled` by an undo or a deletion,
/// `rehearsed` in a dry run, to be `retried`, or `refused` for good. `failed` counts the customers it was given up for.
pub const WRITE_RESULT: Label =
    Label::one_of("result", &["written", "gone", "cancelled", "rehearsed", "retried", "refused", "failed"]);

/// Where the audit's head is pushed; `ledger` if it could not be read there.
pub const ANCHOR: Label = Label::one_of("to", &["file", "webhook", "ledger"]);

/// What became of the copy of a record: `looked_at`; `repeated`, because the same record was looked at before; `dropped`,
/// because too many were waiting; `failed`, by an internal error.
pub const SAMPLE_RESULT: Label = Label::one_of("result", &["looked_at", "repeated", "dropped", "failed"]);

/// Whether candidate rules made something else of a record.
pub const COMPARED: Label = Label::one_of("result", &["same", "differs"]);

/// A claim, or another part of an account that candidate rules make.
pub const CLAIM: Label =
    Label::names_of("claim", "a claim of the rules, `account`, `credential`, `identify.id` or `identify.logins`");

/// How candidate rules differ.
pub const CHANGE: Label =
    Label::one_of("change", &["made", "denied", "invalid", "other_reason", "added", "removed", "changed"]);

/// A field of the records.
pub const FIELD: Label = Label::names_of("field", "the path of a field of the records, such as `$.address.city`");

/// How a field differs from the assessment.
pub const DRIFT: Label = Label::one_of("change", &["appeared", "disappeared", "new_kind", "new_value"]);

/// Whether the audit's head was pushed.
pub const PUSH_RESULT: Label = Label::one_of("result", &["pushed", "failed"]);

/// A route of the API.
pub const ROUTE: Label = Label::names_of("route", "a route of the API, such as `/v1/login`, or `none`");

/// A status code.
pub const STATUS: Label = Label::names_of("status", "a status code");

/// Why a connection was turned away: too many connections, too many of one peer, a failed handshake.
pub const TURNED_AWAY: Label = Label::one_of("reason", &["full", "peer", "failed"]);
