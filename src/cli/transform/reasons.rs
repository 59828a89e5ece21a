//! Why accounts have warnings: the failures of a run that led to them.

use serde_json::json;

use crate::engine::outcome::Made;
use crate::engine::probe::{Event, Probe};
use crate::formats::RawRecord;

/// The most failures of one record that are kept. Stops a list of thousands of bad values from filling the file.
const MAX_FAILURES: usize = 100;

/// Notes the failures of a run that are warnings.
#[derive(Debug, Default)]
pub struct Reasons {
    warned: Vec<Warned>,
    failed: Option<(&'static str, String)>,
}

/// A warning and the failure before it.
#[derive(Debug, PartialEq, Eq)]
struct Warned {
    name: String,
    step: &'static str,
    message: String,
}

impl Probe for Reasons {
    const ON: bool = true;

    fn event(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Failed { step, message, policy: "warn", .. } => self.failed = Some((step, message.to_owned())),
            Event::Failed { .. } => self.failed = None,
            Event::Warned(name) => {
                let (step, message) = self.failed.take().unwrap_or_else(|| ("check", OF_A_CHECK.to_owned()));
                let warned = Warned { name: name.to_owned(), step, message };
                if self.warned.len() < MAX_FAILURES && !self.warned.contains(&warned) {
                    self.warned.push(warned);
                }
            }
            _ => {}
        }
    }
}

const OF_A_CHECK: &str = "the claims do not fit together";
const OF_A_WORKING_VALUE: &str = "a working value that it is made of was left out";

impl Reasons {
    /// Forgets the last run.
    pub fn clear(&mut self) {
        self.warned.clear();
        self.failed = None;
    }

    /// Adds a line for each reason of each warning of an account; `position` is its place among several of the record.
    pub fn lines(&self, made: &Made<'_>, record: &RawRecord, position: Option<usize>, out: &mut Vec<u8>) {
        for name in made.warnings {
            let mut is_known = false;
            for Warned { step, message, .. } in self.warned.iter().filter(|warned| warned.name == *name) {
                is_known = true;
                line(record, position, name, step, message, out);
            }
            if !is_known {
                line(record, position, name, "let", OF_A_WORKING_VALUE, out);
            }
        }
        let is_told = made.warnings.contains(&"credential.value");
        if let Some(why) = made.unusable.filter(|_| !is_told) {
            line(record, position, "credential.value", "check", why, out);
        }
    }
}

fn line(record: &RawRecord, position: Option<usize>, claim: &str, step: &str, reason: &str, out: &mut Vec<u8>) {
    let mut line = json!({
        "number": record.number, "line": record.line, "claim": claim, "step": step, "reason": reason,
    });
    if let (Some(position), Some(members)) = (position, line.as_object_mut()) {
        members.insert("account".to_owned(), position.into());
    }
    out.extend_from_slice(format!("{line}\n").as_bytes());
}
