//! `landfall password identify`: counts stored hashes by scheme and cost.

mod export;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::cli::{CommandError, FINE};
use crate::password::{Cost, Credential, census};

use super::input;

pub(super) const ABOUT: &str = "\
Count the formats, costs, weak and unusable hashes in a list of stored passwords, without any password.

The input has one stored hash per line, or one NDJSON object with the fields of `landfall password verify`. With `--rules` or \
`--field` it has the records of an export, and counted is what the rules make of them or what is in the field. Nothing is hashed, so a million lines take seconds, and the output never contains a hash.

`weak` marks hashes that are too cheap to withstand guessing, by current OWASP advice.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cut -d: -f2 shadow | landfall password identify
  landfall password identify --in hashes.ndjson --format json
  landfall password identify --in users.ndjson --rules rules/wordpress.yaml
  landfall password identify --in users.csv --field '$.password_hash'

Exit codes: 0 the input was counted, 1 some records could not be read, or the rules fail on them; they are counted as such, 2 the command could not run";

/// Arguments of `landfall password identify`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Read hashes from this file; `-` or no file reads standard input
    #[arg(long = "in", value_name = "FILE")]
    input: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    of: export::OfRecords,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table
    Human,
    /// One JSON object
    Json,
}

/// The classification of one input line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    state: &'static str,
    scheme: String,
    cost: String,
    weak: bool,
    /// Why the text does not determine its scheme; empty if it does.
    why: &'static str,
}

/// Runs the command.
///
/// # Errors
/// When the input cannot be read or the answer cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let mut census: BTreeMap<Kind, u64> = BTreeMap::new();
    let code = match arguments.of.plan()? {
        Some((plan, settings)) => {
            let path = arguments.input.as_deref().unwrap_or(Path::new("-"));
            export::count(path, &arguments.of, &plan, settings, &mut census)?
        }
        None => count_lines(arguments, &mut census)?,
    };
    let report = if arguments.format == Format::Json { as_json(&census) } else { as_table(&census) };
    let written = std::io::stdout().write_all(report.as_bytes());
    written.map_err(|error| CommandError::new(format!("cannot write the output: {error}")))?;
    Ok(code)
}

fn count_lines(arguments: &Arguments, census: &mut BTreeMap<Kind, u64>) -> Result<u8, CommandError> {
    let mut input = input::open(arguments.input.as_deref())?;
    let mut line = Vec::new();
    while input::next_line(&mut *input, &mut line)?.is_some() {
        *census.entry(kind(&line)).or_default() += 1;
    }
    Ok(FINE)
}

fn kind(line: &[u8]) -> Kind {
    let row = input::object(line);
    let credential = match &row {
        Some(row) => Credential::from_json(&without_password(row.clone())),
        None => Ok(Credential::encoded("auto", String::from_utf8_lossy(line))),
    };
    let text = match &row {
        Some(row) => row.get("encoded").or_else(|| row.get("value")).and_then(Value::as_str).unwrap_or_default().into(),
        None => String::from_utf8_lossy(line),
    };
    let census = census(credential.as_ref().map_err(Clone::clone), &text);
    let state = census.state();
    let cost = census.check.as_ref().ok().map(|check| &check.cost);
    let (weak, cost) = (cost.is_some_and(Cost::is_weak), cost.map(ToString::to_string).unwrap_or_default());
    Kind { state, scheme: census.scheme, cost, weak, why: census.why }
}

fn without_password(mut row: Map<String, Value>) -> Map<String, Value> {
    row.retain(|key, _| key != "password" && key != "password_b64");
    row
}

fn as_json(census: &BTreeMap<Kind, u64>) -> String {
    let rows: Vec<Value> = census
        .iter()
        .map(|(kind, count)| {
            let why = Some(kind.why).filter(|why| !why.is_empty());
            json!({"scheme": kind.scheme, "cost": kind.cost, "state": kind.state, "weak": kind.weak, "count": count, "why": why})
        })
        .collect();
    let sum = |wanted: &dyn Fn(&Kind) -> bool| {
        census.iter().filter(|(kind, _)| wanted(kind)).map(|(_, count)| count).sum::<u64>()
    };
    let report = json!({
        "total": sum(&|_| true),
        "usable": sum(&|kind| kind.state == "usable"),
        "weak": sum(&|kind| kind.weak),
        "unusable": sum(&|kind| kind.state == "unusable"),
        "formats": rows,
    });
    format!("{report}\n")
}

fn as_table(census: &BTreeMap<Kind, u64>) -> String {
    let total: u64 = census.values().sum();
    let mut rows: Vec<(&Kind, &u64)> = census.iter().collect();
    rows.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
    let width = |cells: &mut dyn Iterator<Item = usize>, least: usize| cells.max().unwrap_or(0).max(least);
    let scheme = width(&mut rows.iter().map(|(kind, _)| kind.scheme.len()), 6);
    let cost = width(&mut rows.iter().map(|(kind, _)| kind.cost.len()), 4);
    let mut text = format!("{:>9}  {:>6}  {:scheme$}  {:cost$}  state\n", "count", "share", "scheme", "cost");
    for (kind, count) in rows {
        let permille = count.saturating_mul(1000) / total.max(1);
        let state = if kind.weak { format!("{}, weak", kind.state) } else { kind.state.to_owned() };
        let state = if kind.why.is_empty() { state } else { format!("{state}: {}", kind.why) };
        let share = format!("{}.{}%", permille / 10, permille % 10);
        text += &format!("{count:>9}  {share:>6}  {:scheme$}  {:cost$}  {state}\n", kind.scheme, kind.cost);
    }
    text + format!("{total:>9}  total\n").as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_classified_by_scheme_and_cost() {
        let lines = [
            "$2b$12$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m",
            "$2b$31$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m",
            "!!",
            "900150983cd24fb0d6963f7d28e17f72",
            r#"{"format": "md5", "encoded": "900150983cd24fb0d6963f7d28e17f72"}"#,
            "$2b$12$",
            "sha1$salt$0123456789012345678901234567890123456789",
        ];
        let found: Vec<(String, &str, bool)> =
            lines.iter().map(|line| kind(line.as_bytes())).map(|k| (k.scheme, k.state, k.weak)).collect();
        let wanted = [
            ("bcrypt", "usable", false),
            ("bcrypt", "cost_refused", false),
            ("none", "unusable", false),
            ("ambiguous", "ambiguous", false),
            ("digest", "usable", true),
            ("bcrypt", "malformed", false),
            ("django or werkzeug", "usable", true),
        ];
        assert_eq!(found, wanted.map(|(scheme, state, weak)| (scheme.to_owned(), state, weak)));
    }

    #[test]
    fn ambiguous_hashes_are_explained() {
        for (line, why) in [
            ("900150983cd24fb0d6963f7d28e17f72", "NT or LM hash"),
            ("900150983cd24fb0d6963f7d28e17f72:salt", "vBulletin"),
            ("sha1$salt$0123456789012345678901234567890123456789", "old Werkzeug"),
        ] {
            let census = BTreeMap::from([(kind(line.as_bytes()), 1)]);
            assert!(as_table(&census).contains(why), "{line}: {}", as_table(&census));
            assert!(as_json(&census).contains(why), "{line}: {}", as_json(&census));
        }
    }
}
