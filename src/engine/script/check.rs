//! Checks that Rhai's parser does not make: calls of unknown functions, invalid calls of steps, assignments to inputs, and
//! functions that use inputs.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::error::{self, ScriptError};
use super::helpers;
use super::limits::ScriptLimits;
use super::prepare::Call;
use super::steps::{self, Calls};

/// Checks every call, assignment and variable of a script, and builds the steps that it calls with constants.
///
/// # Errors
/// For the first call of an unknown function or of a step with invalid arguments, the first assignment to an input, and the
/// first variable in a function that is not its own.
pub(super) fn calls(source: &str, ast: &AST) -> Result<Calls, ScriptError> {
    let own: BTreeSet<String> = ast.iter_functions().map(|function| function.name.to_owned()).collect();
    let mut calls = Ok(Calls::default());
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let Some((name, arguments, position)) = path.last().and_then(call).filter(|(name, ..)| !own.contains(*name))
        else {
            return true;
        };
        let checked = match steps::find(name) {
            Some(spec) => Call { source, spec, position, arguments }.prepare(),
            None if helpers::names().any(|known| known == name) => Ok(None),
            None => Err(error::unknown_function(source, name, position, &own)),
        };
        match (checked, &mut calls) {
            (Ok(Some(op)), Ok(calls)) => calls.insert(position, op),
            (Ok(None), _) | (_, Err(_)) => {}
            (Err(error), calls) => *calls = Err(error),
        }
        calls.is_ok()
    });
    let calls = calls?;
    assignments(source, ast)?;
    habits(source, ast)?;
    variables(source, &ast.clone_functions_only(), &own)?;
    Ok(calls)
}

/// Checks that no input is assigned to. A variable that the script does not declare has no index.
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

/// Properties that texts and lists have in other languages. Other names may be members of a map, as in `name.first`.
const PROPERTIES: &[&str] = &["length", "len", "lower", "upper", "trimmed", "squished", "is_empty", "is_blank"];

/// Code that compiles but never does what it seems to do: values in double quotes, and functions without parentheses.
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

/// Checks how deeply the script and each of its functions are nested. A closure is a function: it is counted on its own,
/// not together with the code around it.
///
/// # Errors
/// For the first node that is nested too deeply.
pub(super) fn depth(source: &str, ast: &AST, limits: &ScriptLimits) -> Result<(), ScriptError> {
    for (part, most) in [(ast.clone_functions_only(), limits.function_depth), (ast.clone(), limits.depth)] {
        let mut deep = None;
        part.walk(&mut |path: &[ASTNode<'_>]| {
            if path.len() > most {
                deep = path.last().map(ASTNode::position);
            }
            deep.is_none()
        });
        if let Some(position) = deep {
            return Err(error::too_deep(source, position));
        }
    }
    Ok(())
}

/// The name of a call, the arguments after its first value, and its position.
fn call<'n>(node: &'n ASTNode<'n>) -> Option<(&'n str, &'n [Expr], Position)> {
    let (called, position, skip) = match node {
        ASTNode::Expr(Expr::FnCall(called, position)) | ASTNode::Stmt(Stmt::FnCall(called, position)) => {
            (called, *position, 1)
        }
        // the value before the dot is not among the arguments
        ASTNode::Expr(Expr::MethodCall(called, position)) => (called, *position, 0),
        _ => return None,
    };
    let arguments = called.args.get(skip..).unwrap_or_default();
    (!called.is_operator_call()).then_some((called.name.as_str(), arguments, position))
}
