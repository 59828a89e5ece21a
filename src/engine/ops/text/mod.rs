//! Text.

mod affix;
mod blank;
mod builder;
mod case;
mod cut;
mod extract;
mod html;
mod join;
mod length;
mod pad;
mod replace;
mod replacement;
mod slice;
mod split;
mod squish;
mod trim;
mod unicode;

pub(super) use blank::is_blank;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &trim::TRIM,
    &trim::TRIM_START,
    &trim::TRIM_END,
    &squish::SQUISH,
    &case::LOWERCASE,
    &case::UPPERCASE,
    &case::CAPITALIZE,
    &case::TITLE_CASE,
    &replace::REPLACE,
    &replace::REPLACE_MATCHING,
    &replace::REMOVE,
    &replace::REMOVE_MATCHING,
    &replace::DIGITS,
    &extract::EXTRACT,
    &extract::EXTRACT_ALL,
    &extract::EXTRACT_FIELDS,
    &split::SPLIT,
    &split::SPLIT_LINES,
    &join::JOIN,
    &cut::BEFORE,
    &cut::AFTER,
    &cut::BEFORE_LAST,
    &cut::AFTER_LAST,
    &slice::SLICE,
    &slice::TRUNCATE,
    &affix::ADD_PREFIX,
    &affix::ADD_SUFFIX,
    &affix::STRIP_PREFIX,
    &affix::STRIP_SUFFIX,
    &pad::PAD_START,
    &pad::PAD_END,
    &unicode::UNICODE,
    &unicode::TRANSLITERATE,
    &length::LENGTH,
    &html::UNESCAPE_HTML,
];
