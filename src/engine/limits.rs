//! The limits of one run of a plan. Each says what it stops and what it allows.

/// The longest text, in bytes, that a step may search for many matches.
///
/// Finding all matches of a regex costs the square of the length in the worst case (64 KB took 6.9 s); at 4 KiB the
/// worst measured pattern stays under 25 ms, and no customer field that needs a regex is longer.
pub const MAX_ITERATED_BYTES: usize = 4 * 1024;

/// The longest text, in bytes, that one step may return.
///
/// Stops steps such as `replace`, `pad` and `join` from turning a small record into a large output; a base64 photo
/// still fits.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The longest list that one step may return.
///
/// Stops `split` and decoders from producing millions of elements; the groups of a well-connected user still fit.
pub const MAX_ELEMENTS: usize = 10_000;

/// How deep lists and objects may be nested when a step decodes JSON or PHP text.
pub const MAX_DEPTH: usize = 64;

/// The longest text, in bytes, that one template may make, and the most that a list or map of `value` may weigh: a byte of
/// text counts one, an element one.
///
/// Stops working values that double each other (`v1: "{$v0}{$v0}"`, 40 times) from filling the memory; a whole record
/// (256 KiB) and a text that a step has made fit several times.
pub const MAX_MADE_BYTES: usize = 1024 * 1024;

/// The bytes that all large texts, lists and maps of one run may have together.
///
/// Stops a template that is made for each of thousands of elements.
pub const MAX_RUN_BYTES: usize = 16 * MAX_MADE_BYTES;

/// How deep the lists and maps that rules make of each other may be nested.
///
/// Stops values that are nested once more by each of thousands of rules from exhausting the stack; a record nested to its
/// limit fits.
pub const MAX_MADE_DEPTH: usize = 256;
