//! Scripts: small Rhai programs inside rules, run in a sandbox with access only to their named inputs.
//!
//! A script is the last resort, for tasks that steps cannot express. It is checked when the rules are read: an unknown name or
//! function, `import`, `eval` and `print` do not load. At run time it is limited by [`ScriptLimits`]; it has no file, no
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
//! The functions of [`FUNCTIONS`], the [`steps`] of text, numbers and times by their names, and the functions that it defines
//! itself; a script that calls anything else does not load. `landfall ops --scripts` lists all of them. No function changes its argument,
//! except `push`, `pop` and `remove`. Functions of text treat a number as its text, and return `()` for `()`.
//!
//! A step takes the value, followed by its main argument or a map of arguments: `lowercase(x)`, `after(x, "@")`,
//! `date(x, #{ format: "%d.%m.%Y", zone: z })`. Constant arguments are checked when the rules are read, and the
//! step is built then. A step that fails is a failure of the script, which `try` can catch. If a function has the name of a
//! step, these calls mean the function: `round(x)`, `abs(x)` of numbers, `min(x, y)`, `max(x, y)`,
//! `pad_start(x, n, fill)`, `remove(map, key)`.
//!
//! # Values
//!
//! A missing or null input is `()`. A number that is not a 64-bit integer is a float if it has at most 15 digits and no
//! exponent, because only then is no digit lost; otherwise it is its exact text. The result `()` is no value; inside a list it
//! is null, and a member that is `()` is left out. The members of a resulting map are sorted by key. A resulting float is
//! written as the shortest number that parses to the same value, with a decimal point: `2.0`.
//!
//! # Functions
//!
//! `fn` and `|x| …` can use only their own arguments, not the inputs: captured values could form cycles. If a function would
//! need an input, write a `for` loop. `throw "reason"` fails with a reason key, which must be a literal in the script.

mod bridge;
mod budget;
mod check;
mod error;
mod foreign;
mod helpers;
mod limits;
mod place;
mod prepare;
mod sandbox;
pub mod steps;

pub use error::{FailureKind, ScriptError, ScriptFailure};
pub use helpers::{FUNCTIONS, Function};
pub use limits::ScriptLimits;
pub use prepare::signature;
pub use sandbox::{Sandbox, Script};

#[cfg(test)]
mod attack_tests;
