//! Dates and times: everything a legacy system writes becomes an RFC 3339 time in UTC or a `YYYY-MM-DD` date.

mod add;
mod compare;
mod count;
mod date;
mod decimal;
mod directory;
mod format;
mod iso;
mod json;
mod moment;
mod parts;
mod pattern;
mod scan;
mod serial;
mod to_date;
mod zone;

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
    &compare::IS_BEFORE,
    &compare::IS_AFTER,
];
