//! `landfall password verify`: prints one verdict per row, in input order.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cli::{CommandError, FINDINGS, FINE};
use crate::model::Password;
use crate::password::lane::Workspace;
use crate::password::{Credential, Limits, Verdict, parse};

use super::input;

pub(super) const ABOUT: &str = "\
Verify passwords against stored hashes.

The input is NDJSON, one object per line. `format` is the scheme; `auto`, or no format, detects it. `encoded` or `value` is \
the stored text, or `fields` are the stored parts. `password` or `password_b64` is the password that the customer presented. \
`username` is required by schemes that hash it. `id` is copied to the output.

The output has one line per row, in input order, with `id`, `verdict`, `scheme` and `why`. The verdict is `match`, \
`lossy_match`, `mismatch`, `unusable`, `malformed`, `unsupported` or `cost_refused`. A hash that asks for more work than the \
limits allow is refused before anything is computed.

The exit code is 0 if every line was a row, 1 if a line was not a JSON object, and 2 if the input could not be read.";

pub(super) const EXAMPLES: &str = "\
Examples:
  landfall password verify --in rows.ndjson
  echo '{\"format\":\"auto\",\"encoded\":\"{SSHA}QWr/osGjdtwZ2rJi3bRfsthrFEa2okbF\",\"password\":\"secret\"}' | landfall password verify
  landfall password verify --refuse-plain-text < rows.ndjson";

/// Arguments of `landfall password verify`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Read rows from this file; `-` or no file reads standard input
    #[arg(long = "in", value_name = "FILE")]
    input: Option<PathBuf>,
    /// Refuse plain-text passwords (`{CLEARTEXT}`, `{noop}`), as a login does unless its limits allow them
    #[arg(long)]
    refuse_plain_text: bool,
}

/// Runs the command.
///
/// # Errors
/// If the input cannot be read or the output cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let mut input = input::open(arguments.input.as_deref())?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    let written = |error: std::io::Error| CommandError::new(format!("cannot write the output: {error}"));
    let limits = Limits { plain_text: !arguments.refuse_plain_text, ..Limits::default() };
    let mut workspace = Workspace::new();
    let mut line = Vec::new();
    let (mut number, mut unreadable) = (0_u64, false);
    while input::next_line(&mut *input, &mut line)?.is_some() {
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match input::object(&line) {
            Some(row) => answer(row, &limits, &mut workspace),
            None => {
                unreadable = true;
                json!({"id": null, "verdict": "malformed", "scheme": null, "why": format!("line {number} is not a JSON object")})
            }
        };
        zeroize::Zeroize::zeroize(&mut line);
        writeln!(output, "{answer}").map_err(written)?;
        output.flush().map_err(written)?;
    }
    Ok(if unreadable { FINDINGS } else { FINE })
}

fn answer(mut row: Map<String, Value>, limits: &Limits, workspace: &mut Workspace) -> Value {
    let id = row.get("id").cloned().unwrap_or_default();
    let named = row.get("format").or_else(|| row.get("scheme")).and_then(Value::as_str).unwrap_or("auto").to_owned();
    let password = password(&mut row);
    let (scheme, verdict) = match password {
        Ok(password) => check(&row, &password, limits, workspace),
        Err(verdict) => (None, verdict),
    };
    json!({"id": id, "verdict": verdict.name(), "scheme": scheme.unwrap_or(&named), "why": verdict.why()})
}

/// Takes the presented password out of a row.
fn password(row: &mut Map<String, Value>) -> Result<Password, Verdict> {
    let bytes = match (row.remove("password_b64"), row.remove("password")) {
        (Some(Value::String(text)), _) => STANDARD.decode(text).ok(),
        (None, Some(Value::String(text))) => Some(text.into_bytes()),
        _ => None,
    };
    let bytes = bytes.ok_or(Verdict::Malformed("the row has no presented password".into()))?;
    Password::new(bytes).map_err(|error| Verdict::CostRefused(error.to_string().into()))
}

fn check(
    row: &Map<String, Value>,
    password: &Password,
    limits: &Limits,
    workspace: &mut Workspace,
) -> (Option<&'static str>, Verdict) {
    match Credential::from_json(row).and_then(|credential| parse(&credential)) {
        Ok(parsed) => (Some(parsed.scheme()), parsed.verify(password, limits, workspace)),
        Err(problem) => (None, problem.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(row: &Value) -> Value {
        answer(row.as_object().unwrap().clone(), &Limits::default(), &mut Workspace::new())
    }

    #[test]
    fn each_row_gets_one_verdict() {
        let cases = [
            (
                json!({"id": "a", "format": "md5", "encoded": "900150983cd24fb0d6963f7d28e17f72", "password": "abc"}),
                "match",
            ),
            (
                json!({"id": "a", "format": "md5", "encoded": "900150983cd24fb0d6963f7d28e17f72", "password_b64": "YWI="}),
                "mismatch",
            ),
            (json!({"id": "a", "encoded": "900150983cd24fb0d6963f7d28e17f72", "password": "abc"}), "unsupported"),
            (json!({"id": "a", "encoded": "!!", "password": "abc"}), "unusable"),
            (json!({"id": "a", "format": "rot13", "encoded": "abc", "password": "abc"}), "unsupported"),
            (json!({"id": "a", "encoded": "$2b$10$"}), "malformed"),
            (json!({"id": "a", "encoded": "{noop}x", "password": "x".repeat(5000)}), "cost_refused"),
        ];
        for (row, wanted) in cases {
            let answer = verdict(&row);
            assert_eq!(answer["verdict"], wanted, "{row}");
            assert_eq!(answer["id"], "a");
        }
    }
}
