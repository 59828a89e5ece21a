//! The figures as Markdown for people and as JSON for scripts.

use std::fmt::Write;

use serde_json::json;

use crate::check::Sizes;
use crate::engines::names;
use crate::goals::Goal;
use crate::measure::Figures;
use crate::options::Options;

/// Two tables: the engines and the goals.
pub fn markdown(options: &Options, sizes: &Sizes, figures: &[Figures], goals: &[Goal]) -> String {
    let mut text = format!(
        "{} records, mean {:.0} bytes of JSON, each to one line of mean {:.0} bytes with up to {} leaves; one thread; CPU time, \
         medians of {} rounds in turns.\n\n\
         | engine | records/s | µs/record | fastest to slowest round | wall µs | against VRL | against hand-written |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
        grouped(options.records as f64),
        sizes.record,
        sizes.account,
        sizes.leaves,
        options.rounds
    );
    let (vrl, hand) = (cpu(figures, names::VRL), cpu(figures, names::HANDWRITTEN));
    for Figures { name, cpu, wall, range } in figures {
        let (rate, low, high) = (grouped(1e6 / cpu), range.0, range.1);
        let (against_vrl, against_hand) = (vrl / cpu, hand / cpu);
        line(
            &mut text,
            format_args!(
                "| {name} | {rate} | {cpu:.2} | {low:.2}–{high:.2} | {wall:.2} | {against_vrl:.2}× | {against_hand:.2}× |"
            ),
        );
    }
    text.push_str("\n| goal for landfall | measured | |\n|---|--:|---|\n");
    for goal in goals {
        let (sign, wanted, what, measured) = (goal.sign(), goal.wanted, goal.text, goal.measured);
        let met = if goal.met() { "met" } else { "not met" };
        line(&mut text, format_args!("| {sign} {wanted} {what} | {measured:.2} | {met} |"));
    }
    text
}

/// The same as one JSON object.
pub fn json(options: &Options, sizes: &Sizes, figures: &[Figures], goals: &[Goal]) -> String {
    let (vrl, hand) = (cpu(figures, names::VRL), cpu(figures, names::HANDWRITTEN));
    let engines: Vec<_> = figures
        .iter()
        .map(|figure| {
            json!({
                "engine": figure.name, "records_per_second": 1e6 / figure.cpu, "cpu_us": figure.cpu, "wall_us": figure.wall,
                "fastest_us": figure.range.0, "slowest_us": figure.range.1,
                "against_vrl": vrl / figure.cpu, "against_handwritten": hand / figure.cpu,
            })
        })
        .collect();
    let goals: Vec<_> = goals
        .iter()
        .map(|goal| {
            let text = format!("{} {} {}", goal.sign(), goal.wanted, goal.text);
            json!({ "goal": text, "measured": goal.measured, "met": goal.met() })
        })
        .collect();
    let report = json!({
        "records": options.records, "rounds": options.rounds, "record_bytes": sizes.record, "account_bytes": sizes.account,
        "leaves": sizes.leaves, "engines": engines, "goals": goals,
    });
    format!("{report:#}\n")
}

fn cpu(figures: &[Figures], name: &str) -> f64 {
    figures.iter().find(|figure| figure.name == name).expect("an engine of this name").cpu
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("text takes everything");
}

/// A whole number with a comma between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
