//! Describes the steps of a login: what happened, where, and how long it took.

use std::time::Duration;

use crate::migrate::{ClaimResult, CreateResult, HookResult, Known, Outcome, Refusal, Step};
use crate::password::VerdictKind;
use crate::ports::{Authentication, DecisionReason};

/// Where a step happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In Landfall itself.
    Landfall,
    /// At the legacy shop.
    Shop,
    /// At the account store.
    Accounts,
    /// In the ledger.
    Ledger,
}

impl Place {
    /// The name on the page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Landfall => "Landfall",
            Self::Shop => "Legacy shop",
            Self::Accounts => "Account store",
            Self::Ledger => "Ledger",
        }
    }

    /// The class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Landfall => "landfall",
            Self::Shop => "shop",
            Self::Accounts => "accounts",
            Self::Ledger => "ledger",
        }
    }
}

/// How a step went for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// The login continues.
    Good,
    /// The login continues, with something to note.
    Note,
    /// The login ends here, without success.
    Stop,
    /// Work that changes nothing any more.
    ForNobody,
}

impl Mood {
    /// Its class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Stop => "stop",
            Self::ForNobody => "nobody",
        }
    }

    /// What a screen reader announces before the step; empty if it went well.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Note => "Note: ",
            Self::Stop => "Stopped here: ",
            Self::ForNobody => "For nobody: ",
        }
    }
}

/// The description of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepText {
    /// Where it happened.
    pub place: Place,
    /// How it went.
    pub mood: Mood,
    /// A short title.
    pub title: String,
    /// One sentence; empty if the title says it all.
    pub detail: String,
    /// The duration, if it was measured.
    pub took: Option<Duration>,
}

impl StepText {
    fn new(place: Place, mood: Mood, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place, mood, title: title.into(), detail: detail.into(), took: None }
    }

    fn in_time(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }
}

/// Describes a step; the end of a login is described by [`ending`].
#[must_use]
pub fn step(step: &Step<'_>) -> Option<StepText> {
    Some(match step {
        Step::Counted => StepText::new(
            Place::Ledger,
            Mood::Good,
            "Attempt counted",
            "Per customer, whichever login was typed, and before the password is verified: a burst of guesses cannot outrun the counter.",
        ),
        Step::OverLimit => StepText::new(
            Place::Ledger,
            Mood::Stop,
            "Too many attempts",
            "Nothing is verified until the window has passed.",
        ),
        Step::Looked { known, took } => looked(*known).in_time(*took),
        Step::Authenticated { verdict, took } => authenticated(*verdict).in_time(*took),
        Step::Fetched { source, known, took } => fetched(source, *known).in_time(*took),
        Step::Verified { scheme, verdict, took, .. } => verified(scheme, *verdict).in_time(*took),
        Step::Mapped { warnings, took } => mapped(warnings).in_time(*took),
        Step::LookedUpLogins { left_out, took, .. } => logins(*left_out).in_time(*took),
        Step::Invalid { reasons } => StepText::new(Place::Landfall, Mood::Stop, "No valid account", reasons.join("; ")),
        Step::Hook { point, result, took, .. } => {
            let mood = if *result == HookResult::Fine { Mood::Good } else { Mood::Stop };
            StepText::new(Place::Landfall, mood, format!("Hook {}: {}", point.name(), result.name()), "").in_time(*took)
        }
        Step::Claimed { answer, took } => claimed(*answer).in_time(*took),
        Step::Created { answer, took } => created(*answer).in_time(*took),
        Step::Equalised { took } => StepText::new(
            Place::Landfall,
            Mood::ForNobody,
            "Hashes computed for nobody",
            "So that this refusal costs the same work as every other one. The answer waits until all of them are given.",
        )
        .in_time(*took),
        Step::Recorded { took } => StepText::new(
            Place::Ledger,
            Mood::Good,
            RECORDED,
            "In the audit, chained to the previous decision, without customer data.",
        )
        .in_time(*took),
        Step::Failed { adapter, operation, kind, .. } => StepText::new(
            if *adapter == SOURCE { Place::Shop } else { Place::Landfall },
            Mood::Stop,
            "No usable answer",
            format!("`{operation}` of `{adapter}` failed: {}.", kind.name().replace('_', " ")),
        ),
        Step::Ended { .. } => return None,
    })
}

/// The title of the last step.
const RECORDED: &str = "Decision recorded";

/// The steps of a login with the one at which it ended. Where no step says so, because a login ends between two of them, one
/// is added: the account is locked, or the rules deny the customer.
#[must_use]
pub fn with_stop(mut steps: Vec<StepText>, outcome: &Outcome) -> Vec<StepText> {
    let has_stop = steps.iter().any(|step| step.mood == Mood::Stop);
    if outcome.is_success() || has_stop {
        return steps;
    }
    let is_after = |step: &StepText| step.mood == Mood::ForNobody || step.title == RECORDED;
    let at = steps.iter().position(is_after).unwrap_or(steps.len());
    steps.insert(at, stop(outcome));
    steps
}

/// The step at which a login ends that no other step describes.
fn stop(outcome: &Outcome) -> StepText {
    let (title, detail) = match outcome {
        Outcome::DeniedByRule(key) => ("Denied by the rules", format!("`admit` denies this customer: `{key}`.")),
        Outcome::Refused(Refusal::Locked) => ("Locked", "The record says that the account is locked.".to_owned()),
        Outcome::Refused(Refusal::Disabled) => ("Disabled", "The record says that the account is disabled.".to_owned()),
        Outcome::Refused(Refusal::Expired) => ("Expired", "The record says that the password has expired.".to_owned()),
        Outcome::Overloaded => ("Too much work", "The password could not be verified in time.".to_owned()),
        other => ("Not admitted", ending(other).detail),
    };
    StepText::new(Place::Landfall, Mood::Stop, title, detail)
}

/// The name of the demo's source in the settings.
pub const SOURCE: &str = "shop";

fn looked(known: Known) -> StepText {
    let (title, detail) = match known {
        Known::Yes => ("Account found", "The customer has already migrated. The legacy shop is not queried."),
        Known::No => ("No account yet", "No customer with this login has migrated yet."),
    };
    StepText::new(Place::Accounts, Mood::Good, title, detail)
}

fn authenticated(verdict: Authentication) -> StepText {
    let (mood, title, detail) = match verdict {
        Authentication::Verified(_) => {
            (Mood::Good, "Password verified", "Against the Argon2id hash that was stored at the migration.")
        }
        Authentication::Mismatch => (Mood::Stop, "Wrong password", "Only the account store is asked."),
        Authentication::Gone | Authentication::Unusable => {
            (Mood::Stop, "No password hash", "A hash is computed anyway, so that the time reveals nothing.")
        }
    };
    StepText::new(Place::Accounts, mood, title, detail)
}

fn fetched(source: &str, known: Known) -> StepText {
    match known {
        Known::Yes => StepText::new(
            Place::Shop,
            Mood::Good,
            "Record fetched",
            format!("One row of `{source}`, with all its metadata."),
        ),
        Known::No => StepText::new(
            Place::Shop,
            Mood::Stop,
            "Unknown customer",
            format!("`{source}` has no such customer either."),
        ),
    }
}

fn verified(scheme: &str, verdict: VerdictKind) -> StepText {
    let scheme = if scheme.is_empty() { "no stored hash".to_owned() } else { format!("the scheme `{scheme}`") };
    let (mood, title, detail) = match verdict {
        VerdictKind::Match => (
            Mood::Good,
            "Password verified",
            format!("Against the hash in the shop: {scheme}. The password is verified before the record is mapped."),
        ),
        VerdictKind::LossyMatch => (
            Mood::Note,
            "Password partly verified",
            format!("With {scheme}, which ignores part of the password: the customer has to choose a new one."),
        ),
        VerdictKind::Mismatch => {
            (Mood::Stop, "Wrong password", format!("Verified with {scheme}. Nothing is mapped or stored."))
        }
        verdict => (
            Mood::Stop,
            "Cannot be verified",
            format!(
                "Verdict `{}` with {scheme}: the operator has to act; another attempt will not help.",
                verdict.name()
            ),
        ),
    };
    StepText::new(Place::Landfall, mood, title, detail)
}

fn mapped(warnings: &[String]) -> StepText {
    if warnings.is_empty() {
        return StepText::new(
            Place::Landfall,
            Mood::Good,
            "Record mapped",
            "The rules made an account that matches the schema.",
        );
    }
    let list = warnings.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    StepText::new(
        Place::Landfall,
        Mood::Note,
        "Record mapped",
        format!("Left out with a warning: {list}. The rest matches the schema."),
    )
}

fn logins(left_out: usize) -> StepText {
    let (mood, detail) = match left_out {
        0 => (Mood::Good, "Every login in the record belongs to this customer only.".to_owned()),
        _ => (Mood::Note, format!("Left out, because they do not belong to this customer only: {left_out}.")),
    };
    StepText::new(Place::Shop, mood, "Logins looked up", detail)
}

fn claimed(answer: ClaimResult) -> StepText {
    let (mood, title, detail) = match answer {
        ClaimResult::Granted => (Mood::Good, "Customer claimed", "No other login can create a second account."),
        ClaimResult::Held => (Mood::Stop, "Another login is running", "The same customer is migrating right now."),
        ClaimResult::Done => (Mood::Note, "Already migrated", "The account is in the ledger."),
        ClaimResult::Taken => (Mood::Stop, "Login taken", "Another customer was migrated under one of the logins."),
        ClaimResult::Buried => (Mood::Stop, "Deleted", "The customer was deleted and will not migrate again."),
    };
    StepText::new(Place::Ledger, mood, title, detail)
}

fn created(answer: CreateResult) -> StepText {
    let (mood, title, detail) = match answer {
        CreateResult::New => (Mood::Good, "Account stored", "With a new Argon2id hash. The old hash is not copied."),
        CreateResult::NewWithoutPassword => {
            (Mood::Note, "Account stored", "Without the password, which the target's policy refused.")
        }
        CreateResult::Exists => (Mood::Note, "Account exists", "An earlier attempt had already stored it."),
        CreateResult::Conflict(_) => {
            (Mood::Stop, "Conflict", "Another account has one of the logins. Nothing is stored.")
        }
    };
    StepText::new(Place::Accounts, mood, title, detail)
}

/// The description of the end of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The name of the outcome, as in the API.
    pub name: String,
    /// What a customer would see.
    pub title: &'static str,
    /// An explanation for the user of the demo; a real page would not show it.
    pub detail: String,
    /// How it went.
    pub mood: Mood,
}

/// Describes the end of a login. A real sign-in page may show the title: it is the same for all refusals.
#[must_use]
pub fn ending(outcome: &Outcome) -> Ending {
    let (mood, title, detail) = match outcome {
        Outcome::Authenticated => (Mood::Good, "Signed in", "An ordinary sign-in. The legacy shop was not involved."),
        Outcome::Migrated => (Mood::Good, "Signed in", "The customer has migrated without noticing."),
        Outcome::MigratedMustChangePassword => (
            Mood::Note,
            "Signed in, new password required",
            "The customer has migrated, and has to choose a new password.",
        ),
        Outcome::MigratedWithoutPassword => (
            Mood::Note,
            "Signed in, new password required",
            "The target's password policy refused the password. The account has none until the customer chooses a new one.",
        ),
        Outcome::Refused(refusal) => (Mood::Stop, "Not signed in", refused(*refusal)),
        Outcome::Conflict => {
            (Mood::Stop, "Not signed in", "Another account has the same login. An operator has to decide.")
        }
        Outcome::InvalidRecord => (
            Mood::Stop,
            "Not signed in",
            "The password was right, but the record does not make a valid account. Nothing was stored; the operator sees the reason.",
        ),
        Outcome::UnreadableRecord => (
            Mood::Stop,
            "Not signed in",
            "The record in the shop cannot be read, or there is more than one for this login. The operator sees the reason.",
        ),
        Outcome::DeniedByRule(key) => {
            let detail = format!("The rules deny this customer, with the reason `{key}`.");
            return Ending { name: name(outcome), title: "Not signed in", detail, mood: Mood::Stop };
        }
        Outcome::LegacyUnavailable => {
            (Mood::Stop, "Try again later", "The legacy shop is not available, and this customer has not migrated yet.")
        }
        Outcome::TargetUnavailable => (Mood::Stop, "Try again later", "The account store is not available."),
        Outcome::Overloaded => (Mood::Stop, "Try again later", "The service is overloaded."),
    };
    Ending { name: name(outcome), title, detail: detail.to_owned(), mood }
}

fn name(outcome: &Outcome) -> String {
    match outcome.reason() {
        DecisionReason::None => outcome.name().to_owned(),
        reason => format!("{}: {}", outcome.name(), reason.name()),
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unknown => "The customer is unknown. The answer and its time are those of a wrong password.",
        Refusal::WrongPassword => "The password does not match the one in the shop.",
        Refusal::WrongPasswordAtTarget => {
            "The password does not match that of the account. The shop is not queried: its old password is no longer valid."
        }
        Refusal::Malformed => "The identifier or the password has an invalid form.",
        Refusal::Unverifiable => "The shop has no password hash for this customer.",
        Refusal::CostRefused => "The stored hash would take longer to verify than a sign-in may take.",
        Refusal::Disabled => "The account is disabled.",
        Refusal::Locked => "The password is right, but the account is locked.",
        Refusal::Expired => "The password or the account has expired in the legacy system.",
        Refusal::Deleted => "The account was deleted and will not be migrated again.",
        Refusal::Missing => "The ledger has an account that is missing in the store. An operator has to investigate.",
        Refusal::Attempts => "Too many failed attempts; the password was not verified.",
        Refusal::Pending => "The account is pending until a password is set.",
        Refusal::AlreadyMigrated => "The customer has migrated, and signs in at the target with the password there.",
    }
}

/// A duration as shown on the page.
#[must_use]
pub fn duration(took: Duration) -> String {
    let micros = took.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::FailureKind;
    use crate::ports::{HookPoint, PasswordChange, PortErrorKind};

    const TOOK: Duration = Duration::from_millis(3);

    #[test]
    fn every_step_except_the_end_is_described() {
        let outcome = Outcome::Migrated;
        let warnings = ["phone.value".to_owned()];
        let steps = [
            Step::Counted,
            Step::OverLimit,
            Step::Looked { known: Known::No, took: TOOK },
            Step::Authenticated { verdict: Authentication::Verified(PasswordChange::Optional), took: TOOK },
            Step::Fetched { source: SOURCE, known: Known::Yes, took: TOOK },
            Step::Verified { verifier: "stored", scheme: "wordpress", verdict: VerdictKind::Match, took: TOOK },
            Step::Mapped { warnings: &warnings, took: TOOK },
            Step::LookedUpLogins { source: SOURCE, left_out: 0, took: TOOK },
            Step::LookedUpLogins { source: SOURCE, left_out: 2, took: TOOK },
            Step::Invalid { reasons: &warnings },
            Step::Hook { point: HookPoint::BeforeFetch, result: HookResult::Fine, detail: "", took: TOOK },
            Step::Claimed { answer: ClaimResult::Granted, took: TOOK },
            Step::Created { answer: CreateResult::New, took: TOOK },
            Step::Equalised { took: TOOK },
            Step::Recorded { took: TOOK },
            Step::Failed {
                adapter: SOURCE,
                operation: "fetch",
                kind: FailureKind::Port(PortErrorKind::Unavailable),
                detail: "",
            },
        ];
        for one in steps {
            assert!(step(&one).is_some_and(|text| !text.title.is_empty()), "{one:?}");
        }
        assert_eq!(step(&Step::Ended { outcome: &outcome, took: TOOK }), None);
    }

    #[test]
    fn left_out_claims_are_named() {
        let text = step(&Step::Mapped { warnings: &["phone.value".to_owned()], took: TOOK }).unwrap();
        assert!(text.detail.contains("`phone.value`"), "{}", text.detail);
        assert_eq!(text.mood, Mood::Note);
    }

    #[test]
    fn all_refusals_have_the_same_title() {
        for refusal in Refusal::ALL {
            assert_eq!(ending(&Outcome::Refused(refusal)).title, "Not signed in");
        }
        assert_eq!(ending(&Outcome::DeniedByRule("blocked".to_owned())).name, "denied_by_rule: blocked");
    }

    #[test]
    fn durations_are_short() {
        for (micros, want) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_540, "1.5 ms"),
            (99_999, "99.9 ms"),
            (250_000, "250 ms"),
            (12_000_000, "12 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), want);
        }
    }

    #[test]
    fn a_refusal_always_has_the_step_at_which_it_ended() {
        let steps = |steps: &[Step<'_>]| -> Vec<StepText> { steps.iter().filter_map(step).collect() };
        let titles = |steps: &[StepText]| steps.iter().map(|step| step.title.clone()).collect::<Vec<_>>();
        let after = [Step::Counted, Step::Equalised { took: TOOK }, Step::Recorded { took: TOOK }];
        let locked = with_stop(steps(&after), &Outcome::Refused(Refusal::Locked));
        assert_eq!(titles(&locked), ["Attempt counted", "Locked", "Hashes computed for nobody", RECORDED]);
        assert_eq!(locked.iter().map(|step| step.mood.class()).collect::<Vec<_>>(), ["good", "stop", "nobody", "good"]);
        let denied = with_stop(steps(&[Step::Counted]), &Outcome::DeniedByRule("blocked".to_owned()));
        assert_eq!(titles(&denied), ["Attempt counted", "Denied by the rules"]);
        let known = [Step::OverLimit, Step::Recorded { took: TOOK }];
        assert_eq!(with_stop(steps(&known), &Outcome::Refused(Refusal::Attempts)).len(), 2);
        assert_eq!(with_stop(steps(&known[1..]), &Outcome::Migrated).len(), 1);
    }
}
