//! Syntax tree → checked tree: checks names, argument counts, types, the position of `$_`, and the cost of an
//! evaluation.

use std::ops::Range;

use super::error::{TemplateError, TemplateProblem};
use super::function::Function;
use super::parse::{Syntax, SyntaxKind, VARIABLES};
use super::tree::{Node, Variable};
use super::{Template, TemplateUses};

/// A checked template.
pub(super) struct Checked {
    pub node: Node,
    pub uses: TemplateUses,
    pub calls: u64,
}

/// Checks the syntax tree of the template `text`.
pub(super) fn check(text: &str, syntax: &Syntax<'_>) -> Result<Checked, TemplateError> {
    let mut checker = Checker::default();
    let (node, calls) = checker.bytes(syntax)?;
    if !checker.pass {
        let message = "the template does not use `$pass`";
        let error = TemplateError::new(TemplateProblem::PasswordUnused, 0..text.len(), message);
        return Err(error
            .help("every password would give the same result; add `$pass` where the legacy system uses the password"));
    }
    if calls > Template::MAX_CALLS {
        let message =
            format!("the template runs {calls} functions and rounds, above the limit of {}", Template::MAX_CALLS);
        let error = TemplateError::new(TemplateProblem::TooCostly, syntax.range.clone(), message);
        return Err(error.help("the counts of nested `repeat`s multiply"));
    }
    Ok(Checked { node, uses: checker.uses, calls })
}

#[derive(Default)]
struct Checker {
    pass: bool,
    uses: TemplateUses,
    /// How many `repeat` steps enclose the current position.
    steps: usize,
}

/// A node and the number of functions and rounds in its evaluation.
type Costed = (Node, u64);

impl Checker {
    fn bytes(&mut self, syntax: &Syntax<'_>) -> Result<Costed, TemplateError> {
        match &syntax.kind {
            SyntaxKind::Literal(value) => Ok((Node::Literal(value.as_bytes().to_vec()), 0)),
            SyntaxKind::Variable(name) => self.variable(name, &syntax.range).map(|node| (node, 0)),
            SyntaxKind::Join(parts) => self.join(parts),
            SyntaxKind::Call { name, name_range, arguments } => self.call(name, name_range, arguments),
            SyntaxKind::Number(digits) => {
                let message = format!("expected bytes, found the number `{digits}`");
                let error = TemplateError::new(TemplateProblem::Arguments, syntax.range.clone(), message);
                Err(error.help(format!("write `'{digits}'` for its digits as text")))
            }
        }
    }

    fn variable(&mut self, name: &str, range: &Range<usize>) -> Result<Node, TemplateError> {
        match name {
            "pass" => self.pass = true,
            "salt" => self.uses.salt = true,
            "user" => self.uses.user = true,
            "pepper" => self.uses.pepper = true,
            _ => {}
        }
        match name {
            "pass" => Ok(Node::Variable(Variable::Pass)),
            "salt" => Ok(Node::Variable(Variable::Salt)),
            "user" => Ok(Node::Variable(Variable::User)),
            "pepper" => Ok(Node::Variable(Variable::Pepper)),
            "_" if self.steps > 0 => Ok(Node::Current),
            "_" => {
                let message = "`$_` only has a value in the step of a `repeat`";
                let error = TemplateError::new(TemplateProblem::Placement, range.clone(), message);
                Err(error.help("in `repeat(n, start, step)`, the step is the third argument"))
            }
            _ => {
                let message = format!("there is no variable `${name}`");
                Err(TemplateError::new(TemplateProblem::UnknownVariable, range.clone(), message).help(VARIABLES))
            }
        }
    }

    fn join(&mut self, parts: &[Syntax<'_>]) -> Result<Costed, TemplateError> {
        let mut nodes = Vec::with_capacity(parts.len());
        let mut calls = 0_u64;
        for part in parts {
            let (node, cost) = self.bytes(part)?;
            nodes.push(node);
            calls = calls.saturating_add(cost);
        }
        Ok((Node::Join(nodes), calls))
    }

    fn call(&mut self, name: &str, range: &Range<usize>, arguments: &[Syntax<'_>]) -> Result<Costed, TemplateError> {
        let function = Function::named(name).ok_or_else(|| unknown_function(name, range))?;
        match (function, arguments) {
            (Function::Digest(algorithm, spelling), [message]) => {
                let (message, cost) = self.bytes(message)?;
                Ok((Node::Digest { algorithm, spelling, message: Box::new(message) }, cost.saturating_add(1)))
            }
            (Function::Hmac(algorithm, spelling), [key, message]) => {
                let (key, key_cost) = self.bytes(key)?;
                let (message, cost) = self.bytes(message)?;
                let node = Node::Hmac { algorithm, spelling, key: Box::new(key), message: Box::new(message) };
                Ok((node, key_cost.saturating_add(cost).saturating_add(1)))
            }
            (Function::Text(function), [argument]) => {
                let (argument, cost) = self.bytes(argument)?;
                Ok((Node::Text { function, argument: Box::new(argument) }, cost.saturating_add(1)))
            }
            (Function::Left, [argument, length]) => self.substring(argument, 0, size(length, "n")?),
            (Function::Substring, [argument, start, length]) => {
                self.substring(argument, size(start, "start")?, size(length, "length")?)
            }
            (Function::Repeat, [count, start, step]) => self.repeat(count, start, step),
            _ => Err(wrong_arguments(name, function, range, arguments)),
        }
    }

    fn substring(&mut self, argument: &Syntax<'_>, start: usize, length: usize) -> Result<Costed, TemplateError> {
        let (argument, cost) = self.bytes(argument)?;
        Ok((Node::Substring { argument: Box::new(argument), start, length }, cost.saturating_add(1)))
    }

    fn repeat(&mut self, count: &Syntax<'_>, start: &Syntax<'_>, step: &Syntax<'_>) -> Result<Costed, TemplateError> {
        let rounds = number(count, "n")?.filter(|rounds| *rounds <= Template::MAX_REPEAT);
        let Some(rounds) = rounds else {
            let message = format!("a `repeat` can have at most {} rounds", Template::MAX_REPEAT);
            return Err(TemplateError::new(TemplateProblem::TooCostly, count.range.clone(), message));
        };
        let (start, start_cost) = self.bytes(start)?;
        self.steps += 1;
        let (step, step_cost) = self.bytes(step)?;
        self.steps -= 1;
        let cost = rounds.saturating_mul(step_cost.saturating_add(1)).saturating_add(start_cost);
        Ok((Node::Repeat { count: rounds, start: Box::new(start), step: Box::new(step) }, cost))
    }
}

/// A number argument; `None` if it exceeds 64 bits.
fn number(syntax: &Syntax<'_>, name: &str) -> Result<Option<u64>, TemplateError> {
    match syntax.kind {
        SyntaxKind::Number(digits) => Ok(digits.parse().ok()),
        _ => {
            let message = format!("the argument `{name}` must be a literal whole number");
            Err(TemplateError::new(TemplateProblem::Arguments, syntax.range.clone(), message))
        }
    }
}

/// A number argument that counts bytes.
fn size(syntax: &Syntax<'_>, name: &str) -> Result<usize, TemplateError> {
    let value = number(syntax, name)?.and_then(|value| usize::try_from(value).ok());
    value.filter(|value| *value <= Template::MAX_VALUE).ok_or_else(|| {
        let message = format!("the argument `{name}` can be at most {} bytes", Template::MAX_VALUE);
        TemplateError::new(TemplateProblem::Arguments, syntax.range.clone(), message)
    })
}

fn unknown_function(name: &str, range: &Range<usize>) -> TemplateError {
    let message = format!("there is no function `{name}`");
    let error = TemplateError::new(TemplateProblem::UnknownFunction, range.clone(), message);
    match Function::nearest(name) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help("docs/credentials.md#digest-templates lists the functions"),
    }
}

fn wrong_arguments(name: &str, function: Function, range: &Range<usize>, arguments: &[Syntax<'_>]) -> TemplateError {
    let signature = function.signature();
    let plural = if signature.len() == 1 { "" } else { "s" };
    let message = format!("`{name}` takes {} argument{plural}, not {}", signature.len(), arguments.len());
    let end = arguments.last().map_or(range.end, |argument| argument.range.end);
    TemplateError::new(TemplateProblem::Arguments, range.start..end, message)
        .help(format!("write `{name}({})`", signature.join(", ")))
}
