//! What Rhai's parser lets through: calls of functions that are not there, inputs that are changed, functions that see inputs.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::error::{self, ScriptError};
use super::helpers::FUNCTIONS;

/// Checks every call, assignment and variable of a script.
///
/// # Errors
/// For the first call of a function that neither the table nor the script has, the first change of an input, and the first
/// variable of a function that is not its own.
pub(super) fn names(source: &str, ast: &AST) -> Result<(), ScriptError> {
    let own: BTreeSet<String> = ast.iter_functions().map(|function| function.name.to_owned()).collect();
    let mut unknown = None;
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some((name, position)) = path.last().and_then(call)
            && !FUNCTIONS.contains(&name)
            && !own.contains(name)
        {
            unknown = Some((name.to_owned(), position));
        }
        unknown.is_none()
    });
    match unknown {
        Some((name, position)) => Err(error::unknown_function(source, &name, position, &own)),
        None => {
            assignments(source, ast)?;
            habits(source, ast)?;
            variables(source, &ast.clone_functions_only(), &own)
        }
    }
}

/// Checks that no input is assigned to. A variable that is not of the script itself has no index.
fn assignments(source: &str, ast: &AST) -> Result<(), ScriptError> {
    let mut input = None;
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(assignment))) = path.last()
            && let Expr::Variable(variable, None, position) = root(&assignment.1.lhs)
            && variable.0.is_none()
        {
            input = Some((variable.1.to_string(), *position));
        }
        input.is_none()
    });
    match input {
        Some((name, position)) => Err(error::changed_input(source, &name, position)),
        None => Ok(()),
    }
}

/// Properties that texts and lists have in other languages. A map may have members of other such names, as in `name.first`.
const PROPERTIES: &[&str] = &["length", "len", "lower", "upper", "trimmed", "squished", "is_empty", "is_blank"];

/// What compiles and never gives what it looks like: values in double quotes, and functions without parentheses.
fn habits(source: &str, ast: &AST) -> Result<(), ScriptError> {
    let mut found = None;
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        found = match path.last() {
            Some(ASTNode::Expr(Expr::StringConstant(text, position))) if text.contains("${") => {
                Some(error::not_a_template(source, text, *position))
            }
            Some(ASTNode::Expr(Expr::Property(property, position))) if PROPERTIES.contains(&property.2.as_str()) => {
                Some(error::not_a_property(source, &property.2, *position))
            }
            _ => None,
        };
        found.is_none()
    });
    found.map_or(Ok(()), Err)
}

/// The `x` of `x.y[z]`.
fn root(place: &Expr) -> &Expr {
    match place {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => root(&pair.lhs),
        other => other,
    }
}

/// Checks the variables inside functions. Rhai checks only those outside, because functions could be called with a scope; a
/// variable that it could not resolve has no index.
fn variables(source: &str, functions: &AST, own: &BTreeSet<String>) -> Result<(), ScriptError> {
    let mut unknown = None;
    functions.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Variable(variable, None, position))) = path.last()
            && variable.0.is_none()
            && !own.contains(variable.1.as_str())
        {
            unknown = Some((variable.1.to_string(), *position));
        }
        unknown.is_none()
    });
    match unknown {
        Some((name, position)) => Err(error::unknown_in_function(source, &name, position)),
        None => Ok(()),
    }
}

fn call<'n>(node: &'n ASTNode<'_>) -> Option<(&'n str, Position)> {
    let (called, position) = match node {
        ASTNode::Expr(Expr::FnCall(called, position) | Expr::MethodCall(called, position))
        | ASTNode::Stmt(Stmt::FnCall(called, position)) => (called, *position),
        _ => return None,
    };
    (!called.is_operator_call()).then_some((called.name.as_str(), position))
}
