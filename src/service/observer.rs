//! Observes logins for metrics and logs: names and codes of steps, never a value.

use std::time::Duration;

use super::metrics::Metrics;
use super::watch::micros;
use crate::metrics::table::{
    ATTEMPTS, INVALID_RECORDS, LOGIN_SECONDS, LOGINS, LOGINS_LEFT_OUT, MAPPING_WARNINGS, PORT_FAILURES, STEP_SECONDS,
    VERIFICATIONS,
};
use crate::migrate::{Known, Observer, Outcome, Step};

/// An [`Observer`] that feeds [`Metrics`] and the debug log.
#[derive(Debug, Clone)]
pub struct Telemetry {
    metrics: Metrics,
}

/// A step with its duration, with labels from closed sets.
struct Timed<'a> {
    step: &'static str,
    port: &'a str,
    result: &'static str,
    took: Duration,
}

impl Telemetry {
    /// An observer that feeds these metrics.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }

    fn timed(&self, request_id: &str, timed: &Timed<'_>) {
        let Timed { step, port, result, took } = *timed;
        self.metrics.record(|| {
            STEP_SECONDS.record([step.into(), port.to_owned().into(), result.into()], took);
        });
        tracing::debug!(request_id, step, port, result, micros = micros(took), "step");
    }

    fn attempt(&self, request_id: &str, result: &'static str) {
        self.metrics.record(|| ATTEMPTS.add([result.into()], 1));
        tracing::debug!(request_id, result, "attempt");
    }

    fn failed(&self, request_id: &str, adapter: &str, operation: &'static str, kind: &'static str, detail: &str) {
        self.metrics.record(|| {
            PORT_FAILURES.add([adapter.to_owned().into(), operation.into(), kind.into()], 1);
        });
        tracing::warn!(request_id, adapter, operation, kind, detail, "a port failed");
    }

    fn ended(&self, request_id: &str, outcome: &Outcome, took: Duration) {
        let (name, reason) = (outcome.name(), reason(outcome));
        self.metrics.record(|| {
            LOGINS.add([name.into(), reason.into()], 1);
            LOGIN_SECONDS.record([name.into()], took);
        });
        tracing::debug!(request_id, outcome = name, reason, micros = micros(took), "login ended");
    }

    fn left_out(&self, request_id: &str, logins: usize) {
        self.metrics.record(|| LOGINS_LEFT_OUT.add([], count(logins)));
        tracing::warn!(request_id, logins, "left out logins of a record that belong to another customer or to none");
    }

    fn verified(&self, scheme: &str, verdict: &'static str) {
        self.metrics.record(|| {
            VERIFICATIONS.add([scheme.to_owned().into(), verdict.into()], 1);
        });
    }
}

/// The reason, from a closed set; reasons that rules and hooks define are left out.
fn reason(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(refusal) => refusal.name(),
        Outcome::UnreadableRecord => "unreadable",
        Outcome::MigratedWithoutPassword => "password_policy",
        _ => "",
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn known(known: Known) -> &'static str {
    match known {
        Known::Yes => "known",
        Known::No => "unknown",
    }
}

/// The step with its duration, if it has one.
fn timed<'a>(step: &Step<'a>) -> Option<Timed<'a>> {
    let (step, port, result, took) = match *step {
        Step::Looked { known: is, took } => ("look", "", known(is), took),
        Step::Authenticated { verdict, took } => ("authenticate", "", verdict.name(), took),
        Step::Fetched { source, known: is, took } => ("fetch", source, known(is), took),
        Step::Verified { verifier, verdict, took, .. } => ("verify", verifier, verdict.name(), took),
        Step::Mapped { warnings, took } => ("map", "", if warnings.is_empty() { "fine" } else { "warnings" }, took),
        Step::LookedUpLogins { source, left_out, took } => {
            ("look_up_logins", source, if left_out == 0 { "fine" } else { "left_out" }, took)
        }
        Step::Hook { point, result, took, .. } => ("hook", point.name(), result.name(), took),
        Step::Claimed { answer, took } => ("claim", "", answer.name(), took),
        Step::Created { answer, took } => ("create", "", answer.name(), took),
        Step::Recorded { took } => ("record", "", "fine", took),
        Step::Counted
        | Step::OverLimit
        | Step::Invalid { .. }
        | Step::Failed { .. }
        | Step::Equalised { .. }
        | Step::Ended { .. } => {
            return None;
        }
    };
    Some(Timed { step, port, result, took })
}

impl Observer for Telemetry {
    fn step(&self, request_id: &str, step: &Step<'_>) {
        if let Some(timed) = timed(step) {
            self.timed(request_id, &timed);
        }
        match step {
            Step::Counted => self.attempt(request_id, "admitted"),
            Step::OverLimit => self.attempt(request_id, "over_limit"),
            Step::Verified { scheme, verdict, .. } => self.verified(scheme, verdict.name()),
            Step::Mapped { warnings, .. } => {
                for rule in *warnings {
                    self.metrics.record(|| {
                        MAPPING_WARNINGS.add([rule.clone().into()], 1);
                    });
                }
            }
            Step::LookedUpLogins { left_out, .. } if *left_out > 0 => self.left_out(request_id, *left_out),
            Step::Invalid { reasons } => {
                for rule in reasons.iter().filter_map(|reason| reason.split(": ").next()) {
                    self.metrics.record(|| {
                        INVALID_RECORDS.add([rule.to_owned().into()], 1);
                    });
                }
                tracing::warn!(request_id, reasons = reasons.join("; "), "invalid record");
            }
            Step::Hook { point, detail, .. } if !detail.is_empty() => {
                tracing::warn!(request_id, point = point.name(), detail, "a hook failed");
            }
            Step::Failed { adapter, operation, kind, detail } => {
                self.failed(request_id, adapter, operation, kind.name(), detail);
            }
            Step::Ended { outcome, took } => self.ended(request_id, outcome, *took),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::metrics::labels::{CALL_RESULT, EVENT, FAILURE, OUTCOME, POINT, REASON};
    use crate::metrics::{Label, Values};
    use crate::migrate::{FailureKind, HookResult, Refusal};
    use crate::password::VerdictKind;
    use crate::ports::{EventKind, HookPoint, PortErrorKind};

    #[test]
    fn steps_become_metrics_with_closed_labels() {
        let metrics = Metrics::new();
        let telemetry = Telemetry::new(metrics.clone());
        let took = Duration::from_millis(2);
        let warnings = ["locale".to_owned()];
        let denied = Outcome::DeniedByRule("ada@example.org is not wanted".to_owned());
        for step in [
            Step::Counted,
            Step::OverLimit,
            Step::Looked { known: Known::No, took },
            Step::Fetched { source: "shop", known: Known::Yes, took },
            Step::Verified { verifier: "hash", scheme: "bcrypt", verdict: VerdictKind::Match, took },
            Step::Mapped { warnings: &warnings, took },
            Step::LookedUpLogins { source: "shop", left_out: 2, took },
            Step::Hook { point: HookPoint::BeforeFetch, result: HookResult::Fine, detail: "", took },
            Step::Failed {
                adapter: "shop",
                operation: "fetch",
                kind: FailureKind::Port(PortErrorKind::Unavailable),
                detail: "`fetch` of `shop` failed",
            },
            Step::Ended { outcome: &Outcome::Refused(Refusal::Locked), took },
            Step::Ended { outcome: &denied, took },
        ] {
            telemetry.step("r-1", &step);
        }
        let text = metrics.render();
        for line in [
            "landfall_attempts_total{result=\"over_limit\"} 1",
            "landfall_step_seconds_count{step=\"fetch\",port=\"shop\",result=\"known\"} 1",
            "landfall_step_seconds_count{step=\"hook\",port=\"before_fetch\",result=\"fine\"} 1",
            "landfall_verifications_total{scheme=\"bcrypt\",verdict=\"match\"} 1",
            "landfall_step_seconds_count{step=\"look_up_logins\",port=\"shop\",result=\"left_out\"} 1",
            "landfall_logins_left_out_total 2",
            "landfall_mapping_warnings_total{rule=\"locale\"} 1",
            "landfall_port_failures_total{adapter=\"shop\",operation=\"fetch\",kind=\"unavailable\"} 1",
            "landfall_logins_total{outcome=\"refused\",reason=\"locked\"} 1",
            "landfall_logins_total{outcome=\"denied_by_rule\",reason=\"\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("ada@") && !text.contains("r-1"), "{text}");
    }

    #[test]
    fn the_table_has_the_names_of_all_outcomes_and_reasons() {
        let others = [
            Outcome::Authenticated,
            Outcome::Migrated,
            Outcome::MigratedMustChangePassword,
            Outcome::MigratedWithoutPassword,
            Outcome::Conflict,
            Outcome::InvalidRecord,
            Outcome::UnreadableRecord,
            Outcome::DeniedByRule(String::new()),
            Outcome::LegacyUnavailable,
            Outcome::TargetUnavailable,
            Outcome::Overloaded,
        ];
        let outcomes: Vec<Outcome> = Refusal::ALL.map(Outcome::Refused).into_iter().chain(others).collect();
        let names = |label: Label| match label.values {
            Values::OneOf(names) => names.iter().copied().collect::<BTreeSet<_>>(),
            Values::NamesOf(_) => BTreeSet::new(),
        };
        assert_eq!(names(OUTCOME), outcomes.iter().map(Outcome::name).collect());
        assert_eq!(names(REASON), outcomes.iter().map(reason).collect());
        assert_eq!(names(POINT), HookPoint::ALL.map(HookPoint::name).into());
        assert_eq!(names(EVENT), EventKind::ALL.map(EventKind::name).into());
        let kinds =
            |more: &'static str| PortErrorKind::ALL.map(PortErrorKind::name).into_iter().chain([more]).collect();
        assert_eq!(names(FAILURE), kinds(FailureKind::CostRefused.name()));
        assert_eq!(names(CALL_RESULT), kinds("fine"));
    }
}
