//! The steps of a login in sentences: what happened, where, and how long it took.

use std::time::Duration;

use crate::migrate::{Known, Outcome, Refusal, Step};

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
    /// Its name on the page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Landfall => "Landfall",
            Self::Shop => "Legacy shop",
            Self::Accounts => "Account store",
            Self::Ledger => "Ledger",
        }
    }

    /// Its class in the style sheet.
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

/// How a step went, as far as the customer is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// The login goes on.
    Good,
    /// It goes on, and something is worth a look.
    Note,
    /// It ends here, without the customer.
    Stop,
}

impl Mood {
    /// Its class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Stop => "stop",
        }
    }

    /// What a screen reader says before the step; nothing when it went well.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Note => "Note: ",
            Self::Stop => "Stopped: ",
        }
    }
}

/// A step as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepText {
    /// Where.
    pub place: Place,
    /// How it went.
    pub mood: Mood,
    /// What happened, in a few words.
    pub title: String,
    /// The same in a sentence; empty when the title says all.
    pub detail: String,
    /// How long it took, when it was measured.
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

/// A step in words; the end of a login is told by [`ending`].
#[must_use]
pub fn step(step: &Step<'_>) -> Option<StepText> {
    Some(match step {
        Step::Counted => StepText::new(
            Place::Ledger,
            Mood::Good,
            "Attempt counted",
            "For the customer, whatever was typed, and before anything is checked: a burst of guesses cannot outrun the counter.",
        ),
        Step::OverLimit => StepText::new(
            Place::Ledger,
            Mood::Stop,
            "Too many attempts",
            "Nothing else is looked at until the window has passed.",
        ),
        Step::Looked { known, took } => looked(*known).in_time(*took),
        Step::Authenticated { verdict, took } => authenticated(verdict).in_time(*took),
        Step::Fetched { source, known, took } => fetched(source, *known).in_time(*took),
        Step::Verified { scheme, verdict, took, .. } => verified(scheme, verdict).in_time(*took),
        Step::Mapped { warnings, took } => mapped(warnings).in_time(*took),
        Step::LookedUpLogins { left_out, took, .. } => logins(*left_out).in_time(*took),
        Step::Invalid { reasons } => StepText::new(Place::Landfall, Mood::Stop, "No valid account", reasons.join("; ")),
        Step::Hook { point, result, took, .. } => {
            let mood = if *result == "fine" { Mood::Good } else { Mood::Stop };
            StepText::new(Place::Landfall, mood, format!("Hook {}: {result}", point.name()), "").in_time(*took)
        }
        Step::Claimed { answer, took } => claimed(answer).in_time(*took),
        Step::Created { answer, took } => created(answer).in_time(*took),
        Step::Recorded { took } => StepText::new(
            Place::Ledger,
            Mood::Good,
            "Written down",
            "The decision, chained to the one before it, without a value of the customer.",
        )
        .in_time(*took),
        Step::Failed { adapter, operation, kind, .. } => StepText::new(
            if *adapter == SOURCE { Place::Shop } else { Place::Landfall },
            Mood::Stop,
            "No answer that counts",
            format!("`{operation}` of `{adapter}` failed: {}.", kind.replace('_', " ")),
        ),
        Step::Ended { .. } => return None,
    })
}

/// The name of the demo's source in the settings.
pub const SOURCE: &str = "shop";

fn looked(known: Known) -> StepText {
    let (title, detail) = match known {
        Known::Yes => ("Account found", "The customer has come across already. The legacy shop is not asked."),
        Known::No => ("No account yet", "Nobody of that name has come across so far."),
    };
    StepText::new(Place::Accounts, Mood::Good, title, detail)
}

fn authenticated(verdict: &str) -> StepText {
    let (mood, title, detail) = match verdict {
        "verified" => (
            Mood::Good,
            "Password verified",
            "Against the Argon2id hash that was stored when the customer came across.",
        ),
        "mismatch" => (Mood::Stop, "Wrong password", "The account store is asked, and nobody else."),
        _ => (
            Mood::Stop,
            "No password to verify",
            "The work of a check is done all the same, so that the time tells nothing.",
        ),
    };
    StepText::new(Place::Accounts, mood, title, detail)
}

fn fetched(source: &str, known: Known) -> StepText {
    match known {
        Known::Yes => StepText::new(
            Place::Shop,
            Mood::Good,
            "Record fetched",
            format!("One row of `{source}` with all that belongs to it."),
        ),
        Known::No => StepText::new(
            Place::Shop,
            Mood::Stop,
            "Nobody of that name",
            format!("`{source}` has no such customer either."),
        ),
    }
}

fn verified(scheme: &str, verdict: &str) -> StepText {
    let scheme = if scheme.is_empty() { "no stored hash".to_owned() } else { format!("the scheme `{scheme}`") };
    let (mood, title, detail) = match verdict {
        "match" => (
            Mood::Good,
            "Password verified",
            format!("Against the hash that the shop has stored: {scheme}. Proof comes before the mapping."),
        ),
        "lossy_match" => (
            Mood::Note,
            "Password verified, in part",
            format!("With {scheme}, which does not look at all of a password: a new one has to be chosen."),
        ),
        "mismatch" => {
            (Mood::Stop, "Wrong password", format!("Checked with {scheme}. Nothing is mapped, and nothing is stored."))
        }
        _ => (
            Mood::Stop,
            "Nothing that can be verified",
            format!("Verdict `{verdict}` with {scheme}: a matter for the operator, not for another attempt."),
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
            "The rules made an account, and it keeps the target schema.",
        );
    }
    let list = warnings.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    StepText::new(
        Place::Landfall,
        Mood::Note,
        "Record mapped",
        format!("Left out with a warning: {list}. The rest keeps the target schema."),
    )
}

fn logins(left_out: usize) -> StepText {
    let (mood, detail) = match left_out {
        0 => (Mood::Good, "Each login of the record leads to this customer, and to nobody else.".to_owned()),
        _ => (Mood::Note, format!("Left out, because they do not lead to this customer alone: {left_out}.")),
    };
    StepText::new(Place::Shop, mood, "Logins looked up", detail)
}

fn claimed(answer: &str) -> StepText {
    let (mood, title, detail) = match answer {
        "granted" => (Mood::Good, "Customer claimed", "No second login can create an account beside this one."),
        "held" => (Mood::Stop, "Another login is at it", "The same customer is coming across right now."),
        "done" => (Mood::Note, "Came across before", "The ledger knows the account."),
        _ => (Mood::Stop, "Deleted for good", "The customer was deleted and does not come back."),
    };
    StepText::new(Place::Ledger, mood, title, detail)
}

fn created(answer: &str) -> StepText {
    let (mood, title, detail) = match answer {
        "new" => (Mood::Good, "Account stored", "With a new Argon2id hash. The old one is left behind."),
        "exists" => (Mood::Note, "Account was there", "An earlier attempt had stored it already."),
        _ => (Mood::Stop, "In the way", "Another account has one of the logins. Nothing is stored."),
    };
    StepText::new(Place::Accounts, mood, title, detail)
}

/// The end of a login in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The outcome's name, as the API gives it.
    pub name: String,
    /// What the customer is told.
    pub title: &'static str,
    /// What the person in front of the demo is told; a real page would keep it to itself.
    pub detail: String,
    /// How it ended.
    pub mood: Mood,
}

/// The end of a login in words. The title is what a real sign-in page may say: it is the same for all refusals.
#[must_use]
pub fn ending(outcome: &Outcome) -> Ending {
    let (mood, title, detail) = match outcome {
        Outcome::Authenticated => (Mood::Good, "Signed in", "An ordinary sign-in. The legacy shop was not involved."),
        Outcome::Migrated => (Mood::Good, "Signed in", "The customer has come across, and noticed nothing of it."),
        Outcome::MigratedMustChangePassword => (
            Mood::Note,
            "Signed in, a new password is due",
            "The customer has come across, and has to choose a new password.",
        ),
        Outcome::Refused(refusal) => (Mood::Stop, "Not signed in", refused(*refusal)),
        Outcome::Conflict => {
            (Mood::Stop, "Not signed in", "Another account has the same login. An operator has to decide.")
        }
        Outcome::InvalidRecord => (
            Mood::Stop,
            "Not signed in",
            "The password was right, but the record gives no valid account. Nothing was stored; the operator sees the reason.",
        ),
        Outcome::UnreadableRecord => (
            Mood::Stop,
            "Not signed in",
            "The shop has a record that cannot be read, or more than one for this name. The operator sees the reason.",
        ),
        Outcome::DeniedByRule(key) => {
            let detail = format!("The rules refuse this customer, with the key `{key}`.");
            return Ending { name: name(outcome), title: "Not signed in", detail, mood: Mood::Stop };
        }
        Outcome::LegacyUnavailable => (
            Mood::Stop,
            "Try again later",
            "The legacy shop does not answer, and this customer has not come across yet. Nothing is decided without it.",
        ),
        Outcome::TargetUnavailable => (Mood::Stop, "Try again later", "The account store does not answer."),
        Outcome::Overloaded => (Mood::Stop, "Try again later", "There is more to do than can be done in time."),
    };
    Ending { name: name(outcome), title, detail: detail.to_owned(), mood }
}

fn name(outcome: &Outcome) -> String {
    match outcome.reason() {
        "" => outcome.name().to_owned(),
        reason => format!("{}: {reason}", outcome.name()),
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unknown => "Nobody knows this name. The answer and its time are those of a wrong password.",
        Refusal::WrongPassword => "The shop has stored another password.",
        Refusal::WrongPasswordAtTarget => {
            "The account has another password. The shop is not asked: its old password counts no more."
        }
        Refusal::Malformed => "What was typed can be no name or no password.",
        Refusal::Unverifiable => "The shop has nothing stored that a password could be verified against.",
        Refusal::CostRefused => "The stored hash would take longer to check than a sign-in may take.",
        Refusal::Disabled => "The account is disabled.",
        Refusal::Locked => "The password is right, and the account is locked.",
        Refusal::Deleted => "The account was deleted and does not come back.",
        Refusal::Missing => "The ledger knows an account that the store does not have. An operator has to look.",
        Refusal::Attempts => "Too many failed attempts; the password was not looked at.",
        Refusal::Pending => "The account waits for a password to be set.",
    }
}

/// A duration as the page shows it.
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
    use crate::migrate::HookPoint;

    const TOOK: Duration = Duration::from_millis(3);

    #[test]
    fn every_step_but_the_end_is_told() {
        let outcome = Outcome::Migrated;
        let warnings = ["phone.value".to_owned()];
        let steps = [
            Step::Counted,
            Step::OverLimit,
            Step::Looked { known: Known::No, took: TOOK },
            Step::Authenticated { verdict: "verified", took: TOOK },
            Step::Fetched { source: SOURCE, known: Known::Yes, took: TOOK },
            Step::Verified { verifier: "stored", scheme: "wordpress", verdict: "match", took: TOOK },
            Step::Mapped { warnings: &warnings, took: TOOK },
            Step::LookedUpLogins { source: SOURCE, left_out: 0, took: TOOK },
            Step::LookedUpLogins { source: SOURCE, left_out: 2, took: TOOK },
            Step::Invalid { reasons: &warnings },
            Step::Hook { point: HookPoint::BeforeFetch, result: "fine", detail: "", took: TOOK },
            Step::Claimed { answer: "granted", took: TOOK },
            Step::Created { answer: "new", took: TOOK },
            Step::Recorded { took: TOOK },
            Step::Failed { adapter: SOURCE, operation: "fetch", kind: "unavailable", detail: "" },
        ];
        for one in steps {
            assert!(step(&one).is_some_and(|told| !told.title.is_empty()), "{one:?}");
        }
        assert_eq!(step(&Step::Ended { outcome: &outcome, took: TOOK }), None);
    }

    #[test]
    fn what_is_left_out_is_named() {
        let told = step(&Step::Mapped { warnings: &["phone.value".to_owned()], took: TOOK }).unwrap();
        assert!(told.detail.contains("`phone.value`"), "{}", told.detail);
        assert_eq!(told.mood, Mood::Note);
    }

    #[test]
    fn all_refusals_have_one_title() {
        for refusal in Refusal::ALL {
            assert_eq!(ending(&Outcome::Refused(refusal)).title, "Not signed in");
        }
        assert_eq!(ending(&Outcome::DeniedByRule("blocked".to_owned())).name, "denied_by_rule: blocked");
    }

    #[test]
    fn durations_have_three_digits_at_most() {
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
}
