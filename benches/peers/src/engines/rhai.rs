//! Rhai alone: the record is a map, the script makes the account.

use rhai::{AST, CallFnOptions, Dynamic, Engine as Interpreter, Scope};

use super::{Engine, names};

/// The interpreter and the script, parsed once.
pub struct Rhai {
    interpreter: Interpreter,
    script: AST,
}

impl Rhai {
    /// Parses the script.
    pub fn new() -> Self {
        let mut interpreter = Interpreter::new();
        // builds without optimisation have lower limits of their own
        interpreter.set_max_expr_depths(64, 64);
        let script = match interpreter.compile(include_str!("../../programs/shop.rhai")) {
            Ok(script) => script,
            Err(error) => panic!("rhai: {error}"),
        };
        Self { interpreter, script }
    }
}

impl Engine for Rhai {
    fn name(&self) -> &'static str {
        names::RHAI
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let record: Dynamic = serde_json::from_str(record).expect("the record is JSON");
        let options = CallFnOptions::new().eval_ast(false);
        let made = self.interpreter.call_fn_with_options::<Dynamic>(
            options,
            &mut Scope::new(),
            &self.script,
            "account",
            (record,),
        );
        match made {
            Ok(account) => serde_json::to_writer(out, &account).expect("the account is JSON"),
            Err(error) => panic!("rhai: {error}"),
        }
    }
}
