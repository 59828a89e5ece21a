//! The bounds of a script: each says which attack it stops and what real scripts still do.

use std::time::Duration;

/// The longest script, in bytes. Stops a parser fed with megabytes; real scripts are under 1 KiB.
pub(super) const MAX_SOURCE: usize = 16 * 1024;

/// How deep lists and maps may be nested in an input or a result.
///
/// Stops recursion that overflows the stack; a record as JSON is rarely deeper than 6.
pub(super) const MAX_NESTING: usize = 32;

/// The longest reason key of a `throw`, in bytes. Stops text of the record from being thrown as a reason.
pub(super) const MAX_REASON: usize = 64;

/// The bounds of the scripts of one plan.
#[derive(Debug, Clone)]
pub struct ScriptLimits {
    /// Steps of the interpreter. Stops endless loops; a loop over 512 elements with a few lines takes about 10,000.
    pub operations: u64,
    /// Wall clock after which a script stops that has spent a tenth of its operations.
    ///
    /// Stops scripts that make every operation slow. A short script that the operating system paused is not hit.
    pub soft_time: Duration,
    /// Wall clock after which every script stops. Stops what few but slow operations do; real scripts take microseconds.
    pub hard_time: Duration,
    /// Bytes of text in one value, all texts of a list or map together. Stops doubling, padding and replacing.
    ///
    /// An input may not be longer either. 16 KiB and not less, because every growing function checks its result before it
    /// makes it, so that a long text costs no more than its length; a note field or a JSON text still fits.
    pub text: usize,
    /// Elements of a list, nested ones included, and bytes of a binary value. Stops quadratic work: growing a list by one
    /// costs its length. The groups of a well-connected user fit.
    pub elements: usize,
    /// Members of a map, nested ones included. Same attack as [`Self::elements`]; a whole customer record fits.
    pub members: usize,
    /// Calls inside calls. Stops endless recursion; helper functions of helper functions fit.
    pub calls: usize,
    /// How deep the text may be nested while it is parsed, functions inside functions included. Stops a stack overflow of the
    /// parser; a dozen closures inside each other fit.
    pub parsed_depth: usize,
    /// How deep statements and expressions may be nested outside functions. Stops a stack overflow while running.
    pub depth: usize,
    /// How deep they may be nested inside one function; a function inside it is counted on its own. Same attack; lower,
    /// because calls multiply it.
    pub function_depth: usize,
    /// Variables at one time, inputs included. Bounds memory: each may hold a value of full size.
    pub variables: usize,
    /// Functions that a script defines. Bounds memory; a script with more is a program.
    pub functions: usize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self {
            operations: 50_000,
            soft_time: Duration::from_millis(10),
            hard_time: Duration::from_millis(25),
            text: 16 * 1024,
            elements: 512,
            members: 256,
            calls: 8,
            parsed_depth: 96,
            depth: 32,
            function_depth: 16,
            variables: 64,
            functions: 32,
        }
    }
}
