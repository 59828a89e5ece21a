//! Members that are read of working values and claims which turn out to be lists or scalars: there is nothing to read.

use super::Compiler;
use crate::diag::{Diagnostic, Span};
use crate::model::Kinds;
use crate::rules::syntax::RefExpr;

/// A member that is read of a working value or claim. What that may be is known when all rules are compiled.
#[derive(Debug)]
pub struct MemberRead {
    register: usize,
    span: Span,
    text: String,
    /// The name of the member.
    member: String,
}

impl MemberRead {
    /// The member `member` of what a register holds, as a reference names it.
    #[must_use]
    pub fn new(register: usize, reference: &RefExpr, member: &str) -> Self {
        Self { register, span: reference.span, text: reference.text.clone(), member: member.to_owned() }
    }
}

impl Compiler<'_> {
    /// Reports the members that never have a value.
    pub(super) fn members_of_lists(&mut self) {
        let mut reads = std::mem::take(&mut self.scope.member_reads);
        reads.sort_by_key(|read| (read.span.start, read.span.end));
        reads.dedup_by(|a, b| a.span == b.span && a.text == b.text);
        for read in reads {
            let variables = self.scope.lets.iter().chain(&self.scope.claims);
            let Some(variable) = variables.into_iter().find(|variable| variable.register == read.register) else {
                continue;
            };
            let kinds = variable.kinds;
            if kinds.meets(Kinds::OBJECT) || !kinds.meets(Kinds::ANY) {
                continue;
            }
            self.findings.push(finding(&read, kinds));
        }
    }
}

fn finding(read: &MemberRead, kinds: Kinds) -> Diagnostic {
    let suffix = format!(".{}", read.member);
    let at = read.text.find(&suffix).unwrap_or(read.text.len());
    let (whole, rest) = read.text.split_at_checked(at).unwrap_or((&read.text, ""));
    let is = if kinds == Kinds::LIST { "a list".to_owned() } else { kinds.to_string() };
    let message = format!("`{whole}` is {is}, which has no member `{}`", read.member);
    let help = if kinds.meets(Kinds::LIST) {
        format!(
            "write `{whole}[0]{rest}` for the first element or `{whole}[*]{rest}` for all, or take one with `find` or \
             `first` where the list is made"
        )
    } else {
        format!("read the member `{}` where the value comes from, before it becomes {kinds}", read.member)
    };
    Diagnostic::warning("R413", read.span, message, help)
}
