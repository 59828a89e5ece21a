//! Prepares calls of steps when a script is read: checks constant arguments, and builds steps whose arguments are all constant.

use bumpalo::Bump;
use rhai::{Dynamic, Expr, Position};

use super::error::ScriptError;
use super::limits::ScriptLimits;
use super::{bridge, place};
use crate::diag::closest;
use crate::engine::compile::script_regex;
use crate::engine::context::Cx;
use crate::engine::late::{constant, wanted};
use crate::engine::op::{Argument, ArgumentKind, ArgumentSpec, Arguments, Op, OpSpec};

/// Calls that mean a function of scripts although a step has the same name: the name, and the number of arguments after the
/// value.
const NOT_STEPS: &[(&str, usize)] =
    &[("abs", 0), ("round", 0), ("max", 1), ("min", 1), ("pad_start", 2), ("remove", 1)];

/// A call of a step.
pub(super) struct Call<'s> {
    pub source: &'s str,
    pub spec: &'static OpSpec,
    /// The position of its name.
    pub position: Position,
    /// The arguments after the value.
    pub arguments: &'s [Expr],
}

impl Call<'_> {
    /// The step, if its arguments are constant; `None` if the script computes some of them.
    ///
    /// # Errors
    /// For unknown, invalid or missing arguments.
    pub(super) fn prepare(&self) -> Result<Option<Box<dyn Op>>, ScriptError> {
        let is_map = matches!(self.arguments, [Expr::Map(..)]);
        if !is_map && NOT_STEPS.contains(&(self.spec.name, self.arguments.len())) {
            return Ok(None);
        }
        let given = match self.arguments {
            [] => Vec::new(),
            [_] if self.spec.arguments.is_empty() => {
                return Err(self.error(self.position, "takes only a value".to_owned(), self.usage()));
            }
            [Expr::Map(map, _)] => self.named(&map.0)?,
            // the value of a variable may be a map
            [other] if literal(other).is_none() => return self.open(other),
            [other] => vec![(self.main(other)?, other)],
            _ => return Err(self.error(self.position, "takes a value and one argument".to_owned(), self.usage())),
        };
        let lacks =
            |argument: &&ArgumentSpec| argument.required && !given.iter().any(|(have, _)| have.name == argument.name);
        if let Some(argument) = self.spec.arguments.iter().find(lacks) {
            return Err(self.error(self.position, format!("needs `{}`", argument.name), self.usage()));
        }
        self.built(&given)
    }

    /// An argument that the script computes.
    fn open(&self, argument: &Expr) -> Result<Option<Box<dyn Op>>, ScriptError> {
        let is_regex =
            |argument: &ArgumentSpec| argument.kind == ArgumentKind::Regex && (argument.main || argument.required);
        if self.spec.arguments.iter().any(is_regex) { Err(self.computed_regex(argument)) } else { Ok(None) }
    }

    fn computed_regex(&self, expr: &Expr) -> ScriptError {
        let help = "write the regex as a constant: a computed regex could be made to take very long";
        self.error(expr.position(), "does not accept a computed regex".to_owned(), help.to_owned())
    }

    fn named<'e>(
        &self,
        members: &'e [(rhai::Ident, Expr)],
    ) -> Result<Vec<(&'static ArgumentSpec, &'e Expr)>, ScriptError> {
        let find = |name: &str| self.spec.arguments.iter().find(|argument| argument.name == name);
        let one = |(name, value): &'e (rhai::Ident, Expr)| match find(name.name.as_str()) {
            Some(argument) => Ok((argument, value)),
            None => {
                let names = self.spec.arguments.iter().map(|argument| argument.name);
                let near = closest(name.name.as_str(), names).map(|near| format!("did you mean `{near}`?"));
                let message = format!("has no argument `{}`", name.name);
                Err(self.error(name.pos, message, near.unwrap_or_else(|| self.usage())))
            }
        };
        members.iter().map(one).collect()
    }

    fn main(&self, argument: &Expr) -> Result<&'static ArgumentSpec, ScriptError> {
        let main = self.spec.arguments.iter().find(|argument| argument.main);
        main.ok_or_else(|| self.error(argument.position(), "takes its arguments by name".to_owned(), self.usage()))
    }

    fn built(&self, given: &[(&'static ArgumentSpec, &Expr)]) -> Result<Option<Box<dyn Op>>, ScriptError> {
        let mut arguments = Arguments::default();
        let mut is_known = true;
        for (argument, expr) in given {
            match literal(expr) {
                Some(value) => arguments.push(argument.name, self.constant(argument, &value, expr.position())?),
                None if argument.kind == ArgumentKind::Regex => return Err(self.computed_regex(expr)),
                None => is_known = false,
            }
        }
        if !is_known {
            return Ok(None);
        }
        match (self.spec.build)(&mut arguments) {
            Ok(op) => Ok(Some(op)),
            Err(error) => {
                let place = given.iter().find(|(argument, _)| argument.name == error.argument);
                let message = match error.message.starts_with("is ") {
                    true => format!("cannot use `{}`: it {}", error.argument, error.message),
                    false => format!("cannot use `{}`: {}", error.argument, error.message),
                };
                Err(self.error(place.map_or(self.position, |(_, expr)| expr.position()), message, error.help))
            }
        }
    }

    fn constant(&self, argument: &ArgumentSpec, value: &Dynamic, position: Position) -> Result<Argument, ScriptError> {
        let arena = Bump::new();
        let value = bridge::from_script(value, &ScriptLimits::default(), &Cx::bare(&arena));
        let made = value.ok().and_then(|value| match (argument.kind, value.as_text()) {
            (ArgumentKind::Regex, Some(pattern)) => Some(script_regex(pattern).map(Argument::Regex)),
            (kind, _) => constant(kind, value, &arena).map(Ok),
        });
        let wrong = |message: String, help: String| self.error(position, message, help);
        match made {
            Some(Ok(argument)) => Ok(argument),
            Some(Err((message, help))) => Err(wrong(format!("cannot use `{}`: {message}", argument.name), help)),
            None => {
                let help = match argument.kind {
                    ArgumentKind::Choice(words) => format!("use one of `{}`", words.join("`, `")),
                    _ => self.usage(),
                };
                Err(wrong(format!("needs {} as `{}`", wanted(argument.kind), argument.name), help))
            }
        }
    }

    fn error(&self, position: Position, message: String, help: String) -> ScriptError {
        let at = place::range(self.source, position).or_else(|| place::range(self.source, self.position));
        ScriptError { at, message: format!("`{}` {message}", self.spec.name), help }
    }

    fn usage(&self) -> String {
        format!("write {}; see `landfall ops {}`", signature(self.spec), self.spec.name)
    }
}

/// How a step is called, such as `` `before(x, text)` or `before(x, #{ text: …, or: … })` ``.
pub fn signature(spec: &OpSpec) -> String {
    let name = spec.name;
    if spec.arguments.is_empty() {
        return format!("`{name}(x)`");
    }
    let names: Vec<String> = spec.arguments.iter().map(|argument| format!("{}: …", key(argument.name))).collect();
    let mut ways = Vec::new();
    if spec.arguments.iter().all(|argument| !argument.required) {
        ways.push(format!("`{name}(x)`"));
    }
    if let Some(main) = spec.arguments.iter().find(|argument| argument.main) {
        ways.push(format!("`{name}(x, {})`", main.name));
    }
    let is_only_main = spec.arguments.len() == 1 && spec.arguments.iter().all(|argument| argument.main);
    if !is_only_main {
        ways.push(format!("`{name}(x, #{{ {} }})`", names.join(", ")));
    }
    ways.join(" or ")
}

/// A name as the key of a map: words that Rhai reserves are quoted.
fn key(name: &str) -> String {
    if RESERVED.contains(&name) { format!("\"{name}\"") } else { name.to_owned() }
}

/// The arguments of steps that are reserved words in Rhai.
const RESERVED: &[&str] = &["with", "true", "false"];

fn literal(expr: &Expr) -> Option<Dynamic> {
    expr.get_literal_value(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::script::{Sandbox, steps};

    #[test]
    fn every_argument_can_be_written_as_a_key() {
        let sandbox = Sandbox::new(ScriptLimits::default());
        for argument in steps::all().flat_map(|spec| spec.arguments) {
            let written = sandbox.compile(&format!("#{{ {}: 1 }}", key(argument.name)), &[]);
            assert!(written.is_ok(), "{}: {written:?}", argument.name);
            let plain = sandbox.compile(&format!("#{{ {}: 1 }}", argument.name), &[]);
            assert_eq!(plain.is_err(), RESERVED.contains(&argument.name), "{}", argument.name);
        }
    }
}
