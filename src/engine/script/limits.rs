//! The limits of a script: each names the attack that it stops and what real scripts need.

use std::time::Duration;

/// The longest script, in bytes. Protects the parser from megabytes of input; real scripts are under 1 KiB.
pub(super) const MAX_SOURCE: usize = 16 * 1024;

/// How deeply lists and maps may be nested in an input or a result.
///
/// Stops recursion that overflows the stack; JSON records are rarely nested deeper than 6.
pub(super) const MAX_NESTING: usize = 32;

/// The longest reason key of a `throw`, in bytes. Stops text of the record from being thrown as a reason.
pub(super) const MAX_REASON: usize = 64;

/// The limits of the scripts of one plan.
#[derive(Debug, Clone)]
pub struct ScriptLimits {
    /// Steps of the interpreter. Stops endless loops; a loop over 512 elements with a few lines takes about 10,000.
    pub operations: u64,
    /// Wall-clock time after which a script stops if it has used a tenth of its operations.
    ///
    /// Stops scripts in which every operation is slow. A short script that the operating system paused is not affected.
    pub soft_time: Duration,
    /// Wall-clock time after which every script stops. Stops scripts with few but slow operations; real scripts take microseconds.
    pub hard_time: Duration,
    /// Bytes of text in one value, all texts of a list or map together. Stops doubling, padding and replacing.
    ///
    /// Inputs have the same limit. 16 KiB is affordable, because every growing function checks the size of its result before
    /// it allocates it, so that the cost of a long text is only its length; a note field or a JSON text fits.
    pub text: usize,
    /// Elements of a list, nested ones included, and bytes of a binary value. Stops quadratic work: growing a list by one
    /// costs its length. The groups of a user with many memberships fit.
    pub elements: usize,
    /// Members of a map, nested ones included. Same attack as [`Self::elements`]; a complete customer record fits.
    pub members: usize,
    /// Nested calls. Stops endless recursion; several levels of helper functions fit.
    pub calls: usize,
    /// How deeply the source may be nested while it is parsed, functions inside functions included. Stops a stack overflow of the
    /// parser; a dozen nested closures fit.
    pub parsed_depth: usize,
    /// How deeply statements and expressions may be nested outside functions. Stops a stack overflow while running.
    pub depth: usize,
    /// How deeply they may be nested inside one function; a function inside it is counted on its own. Same attack; lower,
    /// because calls multiply it.
    pub function_depth: usize,
    /// Variables at one time, including inputs. Limits memory, because each may hold a value of the maximum size.
    pub variables: usize,
    /// Functions that a script defines. Limits memory; real scripts define only a few.
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
