//! Lists and objects.

mod combine;
mod compact;
mod condition;
mod count;
mod element;
mod flatten;
mod flatten_keys;
mod keep;
mod map;
mod members;
mod pick;
mod pivot;
mod rename;
mod slice;
mod sort;
mod support;
mod unflatten;
mod unique;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &element::FIRST,
    &element::LAST,
    &element::AT,
    &element::GET,
    &condition::FIND,
    &condition::FILTER,
    &condition::ANY,
    &condition::ALL,
    &slice::TAKE,
    &slice::SKIP,
    &slice::REVERSE,
    &sort::SORT,
    &unique::UNIQUE,
    &compact::COMPACT,
    &flatten::FLATTEN,
    &count::COUNT,
    &keep::WITHOUT,
    &keep::ONLY,
    &keep::WITHOUT_MATCHING,
    &combine::CONCAT,
    &combine::MERGE,
    &combine::TO_LIST,
    &map::MAP,
    &map::MAP_KEYS,
    &map::MAP_VALUES,
    &pivot::PIVOT,
    &pivot::INDEX_BY,
    &pivot::FROM_ENTRIES,
    &pivot::GROUP_BY,
    &members::KEYS,
    &members::VALUES,
    &members::ENTRIES,
    &members::FIND_KEY,
    &members::KEY_MATCHING,
    &pick::PICK,
    &pick::OMIT,
    &rename::RENAME_KEYS,
    &rename::STRIP_KEY_PREFIX,
    &unflatten::UNFLATTEN,
    &flatten_keys::FLATTEN_KEYS,
];
