//! The check of calls when a script is compiled: only the functions of the table and of the script itself may be called.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::error::{self, ScriptError};
use super::helpers::FUNCTIONS;

/// Checks every call of a script.
///
/// # Errors
/// For the first call of a function that neither the table nor the script has.
pub(super) fn calls(source: &str, ast: &AST) -> Result<(), ScriptError> {
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
