//! The members of a record that its identity and its stored password are made of.

use super::credential::AROUND;
use super::dependence::Dependence;
use super::scope::leading_names;
use crate::engine::plan::Needed;
use crate::rules::syntax::{Body, Each, Expr, Origin, RefExpr, Root, Rule, RuleFile, TemplatePart};

/// More working values than lead from one to another in any rules: cycles end here.
const DEPTH: usize = 64;

/// What the members are needed by, each with the members of which a record has at least one. What may be made of anything else
/// is left out.
pub(super) fn needed(rules: &RuleFile, dependence: &Dependence<'_>) -> Vec<Needed> {
    let reader = Reader { rules, dependence };
    let mut needed = Vec::new();
    if let Some(identify) = &rules.identify {
        needed.extend(reader.needed("identify.id", |reader, found| reader.expr(&identify.id, DEPTH, found)));
        needed.extend(reader.needed("identify.logins", |reader, found| reader.exprs(&identify.logins, DEPTH, found)));
    }
    if let Some(credential) = &rules.credential {
        let parts = credential.fields.iter().map(|part| (part.name.text.as_str(), &part.body));
        let parts = parts.chain(credential.scheme_rule.as_ref().map(|body| ("scheme", body)));
        for (name, body) in parts.filter(|(name, _)| !AROUND.contains(name)) {
            let by = format!("credential.{name}");
            needed.extend(reader.needed(&by, |reader, found| reader.body(body, DEPTH, found)));
        }
    }
    needed
}

/// Collects the members that values are read from. `None`: they may be made of something else.
struct Reader<'r, 'd> {
    rules: &'r RuleFile,
    dependence: &'d Dependence<'r>,
}

impl Reader<'_, '_> {
    fn needed(&self, by: &str, read: impl FnOnce(&Self, &mut Vec<String>) -> Option<()>) -> Option<Needed> {
        let mut members = Vec::new();
        read(self, &mut members)?;
        (!members.is_empty()).then(|| Needed { by: by.to_owned(), members })
    }

    fn exprs<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        depth: usize,
        found: &mut Vec<String>,
    ) -> Option<()> {
        exprs.into_iter().try_for_each(|expr| self.expr(expr, depth, found))
    }

    fn expr(&self, expr: &Expr, depth: usize, found: &mut Vec<String>) -> Option<()> {
        match expr {
            Expr::Literal(_) => Some(()),
            Expr::Reference(reference) => self.reference(reference, depth, found),
            Expr::Template(parts, _) => parts.iter().try_for_each(|part| match part {
                TemplatePart::Text(_) => Some(()),
                TemplatePart::Reference(reference) => self.reference(reference, depth, found),
            }),
            Expr::List(items, _) => self.exprs(items, depth, found),
            Expr::Map(members, _) => self.exprs(members.iter().map(|(_, value)| value), depth, found),
        }
    }

    fn reference(&self, reference: &RefExpr, depth: usize, found: &mut Vec<String>) -> Option<()> {
        match &reference.root {
            Root::Record => {
                found.push(leading_names(&reference.query).0.into_iter().next()?);
                Some(())
            }
            Root::Variable(name) => {
                let value: &Rule = self.rules.lets.iter().find(|rule| rule.name.text == *name)?;
                self.body(&value.body, depth.checked_sub(1)?, found)
            }
        }
    }

    fn body(&self, body: &Body, depth: usize, found: &mut Vec<String>) -> Option<()> {
        match &body.origin {
            Origin::From(sources) => self.exprs(sources, depth, found)?,
            Origin::Value(value) => self.expr(value, depth, found)?,
            Origin::Script(script) => self.exprs(script.with.iter().map(|(_, input)| input), depth, found)?,
        }
        let each = match &body.each {
            None => &[][..],
            Some(Each::Steps(steps)) => steps,
            Some(Each::Fields(_)) => return None,
        };
        // steps may bring in more
        if [&body.steps[..], each, &body.then].into_iter().any(|steps| self.dependence.steps(steps, false)) {
            return None;
        }
        self.exprs([&body.default, &body.otherwise].into_iter().flatten(), depth, found)
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Files, Findings, render};
    use crate::engine::compile::{NoFiles, compile};

    /// What the rules need, as `by: members`.
    fn needs(identify: &str, more: &str) -> Vec<String> {
        let text = format!("landfall: 1\nname: shop\nidentify: {identify}\naccount: {{ external_id: $.id }}\n{more}");
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("shop.yaml", text.as_str());
        let plan = compile(&mut files, file, &NoFiles, &mut findings);
        let plan = plan.unwrap_or_else(|| panic!("{}", render::plain(&files, &findings.sorted())));
        plan.needed.iter().map(|needed| format!("{}: {}", needed.by, needed.members.join(" "))).collect()
    }

    #[test]
    fn members_are_found_through_working_values() {
        let needed = needs(
            "{ id: \"{$.shop}-{$.id}\", logins: [ $.login, $mail ] }",
            "let: { mail: { from: [ $.contact.mail, $.mail ], do: [ lowercase ] } }\n\
             credential: { scheme: md5, hash_hex: { from: $.hash, do: [ trim ] }, set_at: $.changed }\n",
        );
        assert_eq!(
            needed,
            ["identify.id: shop id", "identify.logins: login contact mail", "credential.hash_hex: hash"]
        );
    }

    #[test]
    fn what_may_be_made_of_something_else_is_left_out() {
        for (rules, credential) in [
            ("", "{ scheme: md5, hash_hex: { from: $.hash, do: [ coalesce: [ $.old_hash ] ] } }"),
            ("params: { hash: { default: x } }\n", "{ scheme: md5, hash_hex: { from: [ $.hash, $params.hash ] } }"),
            ("verifiers: [ shop ]\n", "{ source: shop }"),
        ] {
            let needed = needs("{ id: $.id, logins: [ $.login ] }", &format!("{rules}credential: {credential}\n"));
            assert_eq!(needed, ["identify.id: id", "identify.logins: login"], "{credential}");
        }
    }
}
