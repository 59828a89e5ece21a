//! The document of an assessment: the JSON that `landfall assess` writes, and reads again to compare, merge and render.
//!
//! Numbers of records count from 1. No value of a customer is in it, except values that occur at least
//! [`MIN_OCCURRENCES`] times, unless the assessment was made with `--show-values`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ready_rules::Fit;

/// How often a value must occur to be shown. A value that fewer customers share may identify one of them.
pub const MIN_OCCURRENCES: u64 = 20;

/// The version of the document, raised when an older reader would misread it.
pub const VERSION: u32 = 1;

/// An assessment of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// [`VERSION`].
    pub version: u32,
    /// What was assessed, and how.
    pub about: About,
    /// The records, and the outcome of each.
    pub records: Records,
    /// Every field of the records, by path, in the order of the paths.
    pub fields: Vec<Field>,
    /// Every claim of the rules, in their order. Empty without rules.
    pub claims: Vec<Claim>,
    /// Lookup tables of the rules with values that have no entry.
    pub lookups: Vec<Lookup>,
    /// Identifiers that several records share. Empty without `identify` in the rules.
    pub duplicates: Vec<Duplicates>,
    /// The stored passwords. `None` if the rules have no `credential`.
    pub passwords: Option<Passwords>,
    /// What will happen to the customers. `None` without rules.
    pub forecast: Option<Forecast>,
    /// Ready rules that fit the first records, the best first; those of the first part, if parts were merged. Only without
    /// rules.
    pub ready_rules: Vec<Fit>,
    /// What needs attention.
    pub findings: Vec<Finding>,
}

/// What was assessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of Landfall.
    pub landfall: String,
    /// The name of the rules, and the digest of everything they consist of. `None` without rules.
    pub rules: Option<RulesAbout>,
    /// The file names of the exports, without their folders; several after a merge.
    pub exports: Vec<String>,
    /// The time used for `$facts.now`, RFC 3339.
    pub now: String,
    /// Whether values that fewer than [`MIN_OCCURRENCES`] records have are shown.
    pub shows_values: bool,
}

/// The rules of an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesAbout {
    /// Their `name`, otherwise the name of their file.
    pub name: String,
    /// The first 16 bytes of the SHA-256, in hexadecimal: the same that the audit has.
    pub digest: String,
}

/// A reason, how often it occurred, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// One sentence, without a value of a record.
    pub reason: String,
    /// The number of records.
    pub count: u64,
    /// The numbers of the first records, ascending, at most [`MAX_NUMBERS`].
    pub numbers: Vec<u64>,
}

/// How many numbers of records a reason has at most: enough to look at, and bounded.
pub const MAX_NUMBERS: usize = 20;

/// The records, and the outcome of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// All records, readable or not.
    pub all: u64,
    /// Accounts that would be made.
    pub accounts: u64,
    /// Customers whom the rules deny, by key.
    pub denied: Vec<Reason>,
    /// Records that are invalid, and why; a record may have several reasons.
    pub invalid: u64,
    /// Why records are invalid.
    pub invalid_reasons: Vec<Reason>,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Why records cannot be read.
    pub unreadable_reasons: Vec<Reason>,
    /// Warnings of accounts whose name is not that of a claim, by name: of working values and checks.
    pub other_warnings: Vec<Reason>,
    /// Why reading stopped before the end of the export.
    pub stopped: Option<String>,
}

/// What a field contains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its path, such as `$.address.city` or `$.phones[*].number`.
    pub path: String,
    /// Records in which it has a value: not missing, null, or an empty or blank text, list or object.
    pub filled: u64,
    /// Records in which it is null.
    pub null: u64,
    /// Records in which it is an empty or blank text, an empty list or an empty object.
    pub empty: u64,
    /// Values by kind: `text`, `integer`, `number`, `boolean`, `list`, `object`. A field inside of lists may have several
    /// in one record.
    pub kinds: BTreeMap<String, u64>,
    /// Lengths of texts in characters.
    pub lengths: Option<Lengths>,
    /// Texts by format: `email`, `uuid`, `date`, `phone`, `stored_password`, and others.
    pub formats: BTreeMap<String, u64>,
    /// The number of different values; `None` if there are more than were counted.
    pub distinct: Option<u64>,
    /// The most frequent values, the most frequent first.
    pub values: Vec<ValueCount>,
    /// The most frequent patterns of texts, such as `Aaaa 99`, the most frequent first.
    pub patterns: Vec<ValueCount>,
    /// Whether the rules read it. `true` without rules.
    pub is_read: bool,
    /// Whether it looks like a stored password or a token. Then it has no `distinct`, values and patterns.
    pub is_secret: bool,
    /// Whether the rules ignore it, and read nothing of it: its values are not kept.
    #[serde(default)]
    pub is_ignored: bool,
    /// Whether it is an object with so many different members that they are not listed: its keys are probably data.
    pub is_wide: bool,
}

/// Lengths of texts, in characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The shortest.
    pub min: u64,
    /// The longest.
    pub max: u64,
    /// The mean.
    pub mean: f64,
}

/// A value or a pattern, and how many records have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueCount {
    /// The value as JSON text, or the pattern.
    pub value: String,
    /// The number of records.
    pub count: u64,
}

/// What the rules make of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its name, such as `email.value`.
    pub name: String,
    /// Accounts that have it.
    pub made: u64,
    /// Accounts that do not, because the record has no value for it.
    pub missing: u64,
    /// Accounts from which a bad value was left out.
    pub warned: u64,
    /// Records that it makes invalid.
    pub invalid: u64,
    /// Why it was left out or makes records invalid.
    pub reasons: Vec<Reason>,
}

/// A lookup table with values that have no entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The rule that looks the values up.
    pub rule: String,
    /// The name of the table.
    pub table: String,
    /// Records with values without an entry.
    pub missing: u64,
    /// The most frequent ones.
    pub values: Vec<ValueCount>,
    /// The numbers of the first records with such a value, ascending, at most [`MAX_NUMBERS`].
    pub numbers: Vec<u64>,
}

/// Identifiers that several records share after they were brought into their canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// What is shared.
    pub of: DuplicateOf,
    /// The number of different identifiers that several records have.
    pub identifiers: u64,
    /// The number of records with such an identifier.
    pub records: u64,
    /// The records of the first identifiers, ascending by their first record; at most [`MAX_GROUPS`] groups of at most
    /// [`MAX_NUMBERS`] numbers.
    pub groups: Vec<Vec<u64>>,
}

/// How many groups of duplicates the document lists for each kind. `--duplicates` writes all.
pub const MAX_GROUPS: usize = 1000;

/// What records share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateOf {
    /// The id in the legacy system.
    LegacyId,
    /// What customers sign in with.
    Login,
    /// A mail address.
    Email,
    /// A phone number.
    Phone,
    /// The user name of one record is the mail address of another.
    NameIsEmail,
}

/// The stored passwords of an export.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Passwords {
    /// By scheme and cost, the most frequent first.
    pub schemes: Vec<Scheme>,
    /// Accounts without a stored password.
    pub none: u64,
    /// Stored passwords that cannot be used, by reason.
    pub unusable: Vec<Reason>,
    /// Processor time of the expected login peak. `None` if no hash was measured.
    pub peak: Option<Peak>,
}

/// Stored passwords of one scheme and cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scheme {
    /// The scheme, such as `bcrypt`, or `(legacy system)` if the legacy system verifies the password.
    pub scheme: String,
    /// Its cost, such as `cost 12`; empty if the scheme has none.
    pub cost: String,
    /// The number of stored passwords.
    pub count: u64,
    /// Whether it is too cheap to withstand guessing, by current OWASP advice.
    pub weak: bool,
    /// Processor time of one verification on this machine, in milliseconds, if it was measured.
    pub milliseconds: Option<f64>,
    /// Whether the scheme ignores part of the password, such as everything behind 8 characters, so that some customers
    /// will have to choose a new one.
    pub ignores_part: bool,
    /// Whether a verification takes longer, or asks for more memory or rounds, than a login may.
    pub too_expensive: bool,
}

/// The processor time of the expected login peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// First logins per second at the peak.
    pub logins_per_second: f64,
    /// Processor time of one first login's hashes, in milliseconds: the mean over all customers, with the hash that is
    /// stored.
    pub milliseconds: f64,
    /// Processors that the peak keeps busy.
    pub processors: f64,
}

/// What will happen to the customers, each counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Customers who migrate at their first login.
    pub migrate: u64,
    /// Customers who need a new password, and why.
    pub new_password: u64,
    /// Customers who cannot migrate, and why.
    pub cannot: u64,
    /// The reasons of the last two, the most frequent first.
    pub reasons: Vec<ForecastReason>,
}

/// Why customers do not simply migrate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastReason {
    /// What happens to them.
    pub outcome: ForecastOutcome,
    /// The reason: one sentence, and the first records.
    #[serde(flatten)]
    pub reason: Reason,
    /// What to do about it.
    pub help: String,
}

/// What happens to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastOutcome {
    /// Migrates and then needs a new password, or cannot sign in without one.
    NewPassword,
    /// Cannot migrate.
    Cannot,
}

/// What needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its code, such as `R701`.
    pub code: String,
    /// The field, claim or table that it is about.
    pub place: String,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The number of records.
    pub count: u64,
}
