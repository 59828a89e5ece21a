//! `landfall ops --scripts`: everything that a script may call.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{FAMILIES, Format};
use crate::cli::terminal::{output_columns, row};
use crate::engine::op::{Family, OpSpec};
use crate::engine::script::{FUNCTIONS, signature, steps};

/// The list of functions and steps.
pub(super) fn list(format: Format) -> String {
    match format {
        Format::Human => text(),
        Format::Markdown => page(),
        Format::Json => format!("{:#}\n", json()),
    }
}

/// The families that scripts can call, each with its heading and steps.
fn families() -> impl Iterator<Item = (&'static str, Vec<&'static OpSpec>)> {
    let of = |family: Family| steps::all().filter(move |spec| spec.family == family).collect();
    FAMILIES
        .into_iter()
        .map(move |(family, heading)| (heading, of(family)))
        .filter(|(_, steps): &(_, Vec<_>)| !steps.is_empty())
}

fn text() -> String {
    let width = FUNCTIONS.iter().map(|function| function.call.len()).max().unwrap_or(0);
    let mut out = "Functions\n".to_owned();
    for function in FUNCTIONS {
        out.push_str(&row(&format!("  {:width$}  ", function.call), function.about, output_columns()));
    }
    for (heading, steps) in families() {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "\nSteps: {heading}");
        for spec in steps {
            out.push_str(&row(&format!("  {}: ", calls(spec)), spec.summary, output_columns()));
        }
    }
    out.push_str("\nA step that fails is a failure of the script. `landfall ops NAME` explains a step.\n");
    out
}

fn calls(spec: &OpSpec) -> String {
    signature(spec).replace('`', "")
}

fn page() -> String {
    let mut out = "# What a script may call\n\n## Functions\n\n| call | result |\n|---|---|\n".to_owned();
    for function in FUNCTIONS {
        let _ = writeln!(out, "| `{}` | {} |", function.call.replace('|', "\\|"), function.about);
    }
    for (heading, steps) in families() {
        let _ = write!(out, "\n## Steps: {heading}\n\n| call | what it does |\n|---|---|\n");
        for spec in steps {
            let _ = writeln!(out, "| {} | {} |", signature(spec), spec.summary.replace('|', "\\|"));
        }
    }
    out
}

fn json() -> Json {
    let functions = FUNCTIONS.iter().map(
        |function| json!({ "name": function.name, "call": function.call, "about": function.about, "step": false }),
    );
    let steps =
        steps::all().map(|spec| json!({ "name": spec.name, "call": calls(spec), "about": spec.summary, "step": true }));
    functions.chain(steps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_and_step_is_listed_in_every_format() {
        let (text, page, json) = (text(), page(), json());
        for function in FUNCTIONS {
            assert!(text.contains(&format!("\n  {} ", function.call)), "{}", function.name);
        }
        for spec in steps::all() {
            assert!(text.contains(&format!("\n  {}(x", spec.name)), "{}", spec.name);
            assert!(page.contains(&format!("| `{}(x", spec.name)), "{}", spec.name);
        }
        assert_eq!(json.as_array().unwrap().len(), FUNCTIONS.len() + steps::all().count());
        assert!(text.contains("before(x, text) or before(x, #{ text: …, or: … })"), "{text}");
    }
}
