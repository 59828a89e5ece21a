//! `to_date`: converts a time to its calendar date.

use super::iso;
use super::moment::{Target, ZONE};
use super::zone::Zone;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "to_date",
    family: Family::Time,
    summary: "converts a time to its calendar date",
    details: "Without `zone`, the date is taken as written. Birthdays are often stored as local midnight in UTC, such \
              as `1984-02-28T23:00:00Z` for 29 February in Berlin: set the zone, or every customer becomes a day \
              older. A date stays unchanged.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec { main: true, about: "the IANA time zone or offset of the date", ..ZONE }],
    fails: "the text is not an ISO 8601 date or time",
    takes_nothing: false,
    examples: &[
        example("", r#""1984-02-28T23:00:00Z""#, r#""1984-02-28""#),
        example("Europe/Berlin", r#""1984-02-28T23:00:00Z""#, r#""1984-02-29""#),
        example("Europe/Berlin", r#""1984-02-29""#, r#""1984-02-29""#),
        example_failure("", r#""29.02.1984""#),
    ],
    build: |arguments| Ok(Box::new(ToDate(Zone::take(arguments)?))),
};

#[derive(Debug)]
struct ToDate(Zone);

impl Op for ToDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        iso::read(cx.text(input)?)?.finish(&self.0, Target::Date, cx)
    }
}
