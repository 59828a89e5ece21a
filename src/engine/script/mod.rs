//! Scripts: small Rhai programs inside rules, run in a sandbox that sees its named inputs and nothing else.
//!
//! A script is the last resort, for what the steps cannot say. It is checked when the rules are read: an unknown name or
//! function, `import`, `eval` and `print` do not load. While it runs it is bounded by [`ScriptLimits`]; it has no file, no
//! network, no clock and no way to wait. The value of the last line is the result.
//!
//! ```
//! use bumpalo::Bump;
//! use landfall::engine::{context::Cx, script::{Sandbox, ScriptLimits}};
//! use landfall::model::Value;
//!
//! let sandbox = Sandbox::new(ScriptLimits::default());
//! let script = sandbox.compile("if city == () { `Hello ${given}` } else { `Hello ${given} from ${city}` }", &["given", "city"])?;
//! let arena = Bump::new();
//! let result = script.run(&[Value::Text("Ada"), Value::Missing], &Cx::bare(&arena));
//! assert_eq!(result.unwrap().as_text(), Some("Hello Ada"));
//! # Ok::<(), landfall::engine::script::ScriptError>(())
//! ```
//!
//! # What a script may call
//!
//! This list is complete: a call of anything else does not load. No function changes its argument, but for `push`, `pop` and
//! `remove`. Where "text" stands, a number is read as its text, and nothing (`()`) gives nothing.
//!
//! | call | in | out |
//! |---|---|---|
//! | `trimmed(x)` | text | without white space around it |
//! | `squished(x)` | text | trimmed, and inner white space made one blank |
//! | `lower(x)`, `upper(x)`, `title(x)` | text | in lower case, upper case, with each word's first letter in upper case |
//! | `before(x, sep)`, `after(x, sep)` | text, text | what stands before or after the first `sep`; nothing without a `sep` |
//! | `replaced(x, a, b)` | text, text, text | with every `a` replaced by `b` |
//! | `pad_start(x, n, fill)` | text, integer, text | made `n` characters long by repeating `fill`, one character, before it |
//! | `sub_string(x, start)`, `sub_string(x, start, n)` | text, integer | from a character on (from the end when negative), at most `n` |
//! | `starts_with(x, y)`, `ends_with(x, y)` | text, text | boolean |
//! | `words(x)` | text | list of the parts between white space |
//! | `split(x, sep)` | text, text | list of the parts between each `sep` |
//! | `to_string(x)` | text, number, boolean | its text |
//! | `is_blank(x)` | anything | whether it is nothing, only white space, or empty |
//! | `len(x)`, `is_empty(x)` | text, list, map, bytes | how many characters, elements, members, bytes; whether there are none |
//! | `contains(x, y)` (also `y in x`) | text and text, list and value, map and key | boolean |
//! | `index_of(x, y)` | text and text, list and value | position of the first, or -1 |
//! | `first(l)`, `last(l)` | list | an element; nothing when empty |
//! | `join(l, sep)` | list of scalars, text | text; elements that are nothing are left out |
//! | `reversed(l)`, `sorted(l)`, `unique(l)` | list | list; `sorted` takes all texts or all numbers |
//! | `map(l, f)`, `filter(l, f)`, `find(l, f)`, `some(l, f)`, `all(l, f)` | list, function | as the name says |
//! | `push(l, x)`, `pop(l)` | list | change the list |
//! | `keys(m)`, `values(m)` | map | list, in the order of the keys |
//! | `remove(m, k)` | map, text | takes the member out of the map and gives it |
//! | `parse_int(x)`, `parse_float(x)` | text | number; fails on other text |
//! | `to_int(x)`, `to_float(x)` | number | the other kind of number |
//! | `abs(x)`, `sign(x)`, `min(x, y)`, `max(x, y)`, `round(x)`, `floor(x)`, `ceiling(x)`, `is_odd(x)`, `is_even(x)` | number | number, boolean |
//! | `type_of(x)` | anything | the kind as text: `string`, `i64`, `f64`, `bool`, `array`, `map`, `()` |
//!
//! # Values
//!
//! A missing or null input is `()`. A number that is not a 64-bit integer is a float when it has at most 15 digits and no
//! exponent, because only then no digit is lost; otherwise it is its exact text. The result `()` is no value; inside a list it
//! is null, and a member that is `()` is left out. Maps come back in the order of their keys. A float comes back as the
//! shortest number that reads the same, with a decimal point: `2.0`.
//!
//! # Functions
//!
//! `fn` and `|x| …` see only their own arguments, not the inputs: captured values could form cycles. Where a function would
//! need one, write a `for` loop. `throw "reason"` fails with a reason key, which must stand in the script as it is.

mod bridge;
mod budget;
mod check;
mod error;
mod foreign;
mod helpers;
mod limits;
mod place;
mod sandbox;

pub use error::{FailureKind, ScriptError, ScriptFailure};
pub use helpers::FUNCTIONS;
pub use limits::ScriptLimits;
pub use sandbox::{Sandbox, Script};

#[cfg(test)]
mod attack_tests;
