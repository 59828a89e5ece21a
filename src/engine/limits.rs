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
