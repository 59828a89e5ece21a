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
//! The functions of [`FUNCTIONS`], the [`steps`] of text, numbers and times by their names, and the functions that it defines
//! itself; a call of anything else does not load. `landfall ops --scripts` lists all of them. No function changes its argument,
//! but for `push`, `pop` and `remove`. Where text is read, a number is read as its text, and nothing (`()`) gives nothing.
//!
//! A step takes the value, and behind it its main argument or a map of arguments: `lowercase(x)`, `after(x, "@")`,
//! `date(x, #{ format: "%d.%m.%Y", zone: z })`. Arguments that stand in the script are checked when the rules are read, and the
//! step is built then. A step that fails is a failure of the script, which `try` can catch. Where a function has the name of a
//! step, the function takes the call that is written like it: `round(x)`, `abs(x)` of numbers, `min(x, y)`, `max(x, y)`,
//! `pad_start(x, n, fill)`, `remove(map, key)`.
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
