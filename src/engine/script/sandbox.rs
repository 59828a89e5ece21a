//! The sandbox: a Rhai engine with restricted operations, and the scripts compiled for it.

use std::sync::Arc;

use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, BasicMathPackage, LogicPackage, Package};
use rhai::{AST, Dynamic, Engine, OptimizationLevel, Scope};

use super::budget::{Running, spend};
use super::error::{self, ScriptError, ScriptFailure};
use super::limits::{MAX_SOURCE, ScriptLimits};
use super::steps::{Calls, Current};
use super::{bridge, check, helpers, steps};
use crate::engine::context::{Cx, Note};
use crate::model::Value;

/// The engine that compiles and runs the scripts of one plan. It is immutable and shared between threads.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    limits: ScriptLimits,
}

/// A script that has been checked and can be run for every record.
#[derive(Debug, Clone)]
pub struct Script {
    sandbox: Arc<Inner>,
    ast: AST,
    source: Box<str>,
    inputs: Box<[Box<str>]>,
    calls: Arc<Calls>,
}

impl Sandbox {
    /// A sandbox with these limits. Creating one takes about a third of a millisecond: create one per plan.
    #[must_use]
    pub fn new(limits: ScriptLimits) -> Self {
        Self(Arc::new(Inner { engine: engine(&limits), limits }))
    }

    /// Checks and compiles a script with these inputs.
    ///
    /// # Errors
    /// For text that is not a script, an unknown variable or function, a disabled word (`eval`, `import`, `print`),
    /// and a script that is longer or deeper than the limits.
    pub fn compile(&self, source: &str, inputs: &[&str]) -> Result<Script, ScriptError> {
        if source.len() > MAX_SOURCE {
            return Err(error::too_long(source.len()));
        }
        let mut scope = Scope::new();
        for input in inputs {
            scope.push_constant_dynamic(*input, Dynamic::UNIT);
        }
        let ast =
            self.0.engine.compile_with_scope(&scope, source).map_err(|found| error::compile(source, inputs, &found))?;
        check::depth(source, &ast, &self.0.limits)?;
        let calls = check::calls(source, &ast)?;
        Ok(Script {
            sandbox: Arc::clone(&self.0),
            ast,
            source: source.into(),
            inputs: inputs.iter().map(|input| (*input).into()).collect(),
            calls: Arc::new(calls),
        })
    }
}

impl Script {
    /// Runs the script with one value per input, in the order of the inputs; an input without a value is missing. The
    /// number of operations is recorded in the context.
    ///
    /// # Errors
    /// When an input or the result exceeds the limits or cannot be converted, when a limit is reached, when the script does
    /// something invalid, and when it throws.
    pub fn run<'a>(&'a self, inputs: &[Value<'a>], cx: &Cx<'a>) -> Result<Value<'a>, ScriptFailure> {
        let limits = &self.sandbox.limits;
        let mut scope = Scope::with_capacity(self.inputs.len() + 4);
        for (at, name) in self.inputs.iter().enumerate() {
            let value = inputs.get(at).copied().unwrap_or_default();
            let value = bridge::to_script(value, limits).map_err(|why| error::input(name, &why))?;
            scope.push_constant_dynamic(&**name, value);
        }
        let running = Running::start(limits);
        let _steps = Current::set(&self.calls);
        let result = self.sandbox.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast);
        cx.note(Note::Script { operations: running.used() });
        let result = match (result, running.stopped()) {
            (Ok(value), None) => value,
            (Ok(_), Some(stop)) => return Err(error::stopped(stop, None)),
            (Err(found), stop) => return Err(error::run(&self.source, &found, stop)),
        };
        bridge::from_script(&result, limits, cx).map_err(|why| error::output(&why))
    }
}

fn engine(limits: &ScriptLimits) -> Engine {
    let mut engine = Engine::new_raw();
    // Only packages of scalars, which cannot grow anything. Text, lists and maps have our own functions: Rhai's check the
    // size only after creating the value. The core package is left out because of `sleep`, which no limit can interrupt.
    engine.register_global_module(ArithmeticPackage::new().as_shared_module());
    engine.register_global_module(LogicPackage::new().as_shared_module());
    engine.register_global_module(BasicMathPackage::new().as_shared_module());
    engine.register_global_module(BasicIteratorPackage::new().as_shared_module());
    steps::register(&mut engine, limits);
    helpers::register(&mut engine);
    close(&mut engine);
    bound(&mut engine, limits);
    engine
}

/// Disables everything that would reach outside or bypass the checks. `check::names` rejects the same words by name.
fn close(engine: &mut Engine) {
    for word in ["eval", "print", "debug", "import", "export"] {
        engine.disable_symbol(word);
    }
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    engine.set_strict_variables(true);
    // Nothing is evaluated at compile time, so that only the limits of the run apply.
    engine.set_optimization_level(OptimizationLevel::None);
}

fn bound(engine: &mut Engine, limits: &ScriptLimits) {
    engine.set_max_operations(limits.operations);
    engine.set_max_string_size(limits.text);
    engine.set_max_array_size(limits.elements);
    engine.set_max_map_size(limits.members);
    engine.set_max_call_levels(limits.calls);
    engine.set_max_expr_depths(limits.parsed_depth, limits.parsed_depth);
    engine.set_max_variables(limits.variables);
    engine.set_max_functions(limits.functions);
    engine.on_progress(|_| spend().map(|_| Dynamic::UNIT));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use bumpalo::Bump;

    use super::*;
    use crate::engine::script::FailureKind;

    fn sandbox() -> Sandbox {
        Sandbox::new(ScriptLimits::default())
    }

    #[test]
    fn threads_share_a_script() {
        let script = sandbox().compile("a * 2", &["a"]).unwrap();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let script = &script;
                scope.spawn(move || {
                    let arena = Bump::new();
                    let result = script.run(&[Value::Int(number)], &Cx::bare(&arena));
                    assert!(matches!(result, Ok(Value::Int(twice)) if twice == number * 2));
                });
            }
        });
    }

    #[test]
    fn runs_are_independent_and_record_their_operations() {
        let script = sandbox().compile("let x = a ?? []; x.push(1); len(x)", &["a"]).unwrap();
        let (arena, notes) = (Bump::new(), RefCell::new(Vec::new()));
        let cx = Cx { notes: Some(&notes), ..Cx::bare(&arena) };
        for _ in 0..2 {
            assert!(matches!(script.run(&[], &cx), Ok(Value::Int(1))));
        }
        let notes = notes.into_inner();
        assert_eq!(notes.len(), 2);
        assert!(matches!(notes[0], Note::Script { operations: 5..30 }), "{notes:?}");
        assert_eq!(notes[0], notes[1]);
    }

    #[test]
    fn inputs_and_results_are_optional() {
        let arena = Bump::new();
        for (source, want) in [
            ("\"x\"", "Value(text)"),
            ("", "Value(nothing)"),
            ("if false { 1 }", "Value(nothing)"),
            ("[()]", "Value(list)"),
        ] {
            let found =
                sandbox().compile(source, &[]).unwrap().run(&[], &Cx::bare(&arena)).map(|value| format!("{value:?}"));
            assert_eq!(found.as_deref(), Ok(want), "{source}");
        }
    }

    #[test]
    fn the_clock_stops_slow_scripts() {
        let limits =
            ScriptLimits { operations: u64::MAX, hard_time: Duration::from_millis(2), ..ScriptLimits::default() };
        let script = Sandbox::new(limits).compile("loop {}", &[]).unwrap();
        let failure = script.run(&[], &Cx::bare(&Bump::new())).unwrap_err();
        assert_eq!((failure.failure.message(), failure.kind), ("the script takes too long", FailureKind::Limit));
    }

    #[test]
    fn a_large_input_fails_before_the_script_runs() {
        let script = sandbox().compile("throw \"ran\"", &["note"]).unwrap();
        let long = "x".repeat(16 * 1024 + 1);
        let failure = script.run(&[Value::Text(&long)], &Cx::bare(&Bump::new())).unwrap_err();
        assert_eq!(failure.failure.message(), "the input `note` has more than 16384 bytes of text");
    }
}
