//! Dates and times: convert the formats of legacy systems to an RFC 3339 time in UTC or a `YYYY-MM-DD` date.

mod add;
mod compare;
mod count;
mod date;
mod decimal;
mod directory;
pub mod foreign;
mod format;
pub(super) mod iso;
mod json;
mod moment;
mod parts;
mod pattern;
mod scan;
mod serial;
mod to_date;
mod utc_offset;
mod zone;

pub use date::gives_time;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &date::ROW,
    &count::ROW,
    &directory::FILETIME,
    &directory::GENERALIZED_TIME,
    &serial::ROW,
    &json::DOTNET_DATE,
    &json::EXTENDED_JSON_DATE,
    &parts::ROW,
    &to_date::ROW,
    &format::ROW,
    &add::ROW,
    &utc_offset::ROW,
    &compare::IS_BEFORE,
    &compare::IS_AFTER,
];

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;
    use crate::engine::context::Cx;
    use crate::engine::op::{Argument, Arguments};
    use crate::engine::operand::Operand;
    use crate::model::Value;

    proptest! {
        /// For any input, a step returns a time or date that `iso` can read, or fails.
        #[test]
        fn results_can_be_read_again(text in "-?[0-9]{0,25}(\\.[0-9]{0,12})?(e-?[0-9]{1,3})?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Z-]{0,20})?|\\PC{0,20}") {
            let object = [("$date", Value::Text(&text)), ("year", Value::Text(&text)), ("day", Value::Text(&text)), ("month", Value::Int(2))];
            for spec in [&date::ROW, &count::ROW, &directory::FILETIME, &directory::GENERALIZED_TIME, &serial::ROW,
                &json::DOTNET_DATE, &json::EXTENDED_JSON_DATE, &parts::ROW, &to_date::ROW] {
                let mut arguments = Arguments::default();
                arguments.push("zone", Argument::Operand(Operand::Text("Europe/Berlin".into())));
                let op = (spec.build)(&mut arguments).unwrap();
                let arena = Bump::new();
                let input = if spec.input.has(Value::Object(&[])) { Value::Object(&object) } else { Value::Text(&text) };
                if let Ok(Value::Text(made)) = op.apply(input, &Cx::bare(&arena)) {
                    let read = iso::read(made);
                    prop_assert!(read.is_ok_and(|read| read.time.is_none() || made.ends_with('Z')), "{} makes {}", spec.name, made);
                }
            }
        }
    }
}
