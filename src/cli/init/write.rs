//! Writes the starter rules.

use std::fmt::Write as _;

use super::credential::Stored;
use super::derived::first_of;
use super::guess::{Claim, Guess};
use super::profile::{Field, Profile, Root, Working};
use super::values::Schemes;
use super::yaml::{quoted, scalar};

/// Writes the rules.
pub(super) fn write(name: &str, profile: &Profile, guess: &Guess) -> String {
    let mut text = Text { profile, guess, out: String::new() };
    text.head(name);
    text.lookups();
    text.identify();
    text.lets();
    text.account();
    text.credential();
    text.ignore();
    text.unmapped();
    text.out
}

struct Text<'t> {
    profile: &'t Profile,
    guess: &'t Guess,
    out: String,
}

impl Text<'_> {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn head(&mut self, name: &str) {
        let records = self.profile.records;
        let records = if records == 1 { "1 sample record".to_owned() } else { format!("{records} sample records") };
        self.line(&format!(
            "# Starter rules, made from {records} by `landfall init`. Check the lines marked `unsure`."
        ));
        self.line("landfall: 1");
        self.line(&format!("name: {}", scalar(name)));
        self.line("schema: standard");
        if self.guess.zone || self.guess.region {
            self.line("params:");
        }
        if self.guess.zone {
            self.line(
                "  zone: { default: UTC, about: time zone of dates without one }  # unsure: in which time zone do the servers run?",
            );
        }
        if self.guess.region {
            self.line(
                "  region: { default: US, about: country of phone numbers without a country code }  # unsure: which country?",
            );
        }
        self.line("\ndefaults: { on_error: warn, unread: warn }");
    }

    fn lookups(&mut self) {
        if self.guess.statuses.is_empty() {
            return;
        }
        self.line("\nlookups:\n  statuses:");
        for (word, status) in &self.guess.statuses {
            let word = quoted(word);
            self.line(&match status {
                Some(status) => format!("    {word}: {status}"),
                None => format!("    # unsure: {word}: active, disabled or locked?"),
            });
        }
    }

    /// The id and what a customer types; without an id, the first login is used.
    fn identify(&mut self) {
        let of = |name: &str| self.guess.claims.iter().find(|claim| claim.name == name).map(|claim| self.single(claim));
        let logins: Vec<String> = ["username", "email.value"].into_iter().filter_map(of).collect();
        let (id, note) = match (of("external_id"), logins.first()) {
            (Some(id), _) => (id, ""),
            (None, Some(login)) => (login.clone(), "  # unsure: no field looks like an id that never changes"),
            (None, None) => return,
        };
        let logins = if logins.is_empty() { String::new() } else { format!(", logins: [ {} ]", logins.join(", ")) };
        self.line(&format!("\nidentify: {{ id: {id}{logins} }}{note}"));
    }

    /// The reference of a claim's field; for lists, of the first element.
    fn single(&self, claim: &Claim) -> String {
        let field = claim.fields.first().and_then(|at| self.profile.fields.get(*at));
        match field {
            // what the steps make of bytes is in the claim
            Some(field) if field.bytes > 0 => format!("$account.{}", claim.name),
            Some(field) => first_of(field),
            None => String::new(),
        }
    }

    fn lets(&mut self) {
        let used: Vec<&Working> = self.profile.workings.iter().filter(|working| self.is_used(&working.name)).collect();
        let mut lets: Vec<(&str, &str)> =
            used.iter().map(|working| (working.name.as_str(), working.body.as_str())).collect();
        lets.extend(self.guess.lets.iter().map(|(name, body)| (name.as_str(), body.as_str())));
        if let Stored::Parts { lets: own, .. } = &self.guess.credential {
            lets.extend(own.iter().map(|(name, body)| (name.as_str(), body.as_str())));
        }
        if lets.is_empty() {
            return;
        }
        self.line("\nlet:");
        for (name, body) in lets {
            self.line(&format!("  {name}: {body}"));
        }
    }

    fn is_used(&self, name: &str) -> bool {
        let credential = match &self.guess.credential {
            Stored::Field { at, .. } => Some(*at),
            _ => None,
        };
        let claims = self.guess.claims.iter().flat_map(|claim| claim.fields.iter().copied());
        let is_read = claims
            .chain(credential)
            .filter_map(|at| self.profile.fields.get(at))
            .any(|field| field.root == Root::Let(name.to_owned()));
        let reference = format!("${name}");
        let texts = self.guess.claims.iter().filter_map(|claim| claim.whole.as_ref());
        let parts: Vec<&String> = match &self.guess.credential {
            Stored::Parts { lets, rule, .. } => lets.iter().map(|(_, body)| body).chain([rule]).collect(),
            _ => Vec::new(),
        };
        let mut texts = texts.chain(self.guess.lets.iter().map(|(_, body)| body)).chain(parts);
        let names_it = |text: &String| {
            text.match_indices(&reference).any(|(at, _)| {
                let after = text.get(at + reference.len()..).and_then(|rest| rest.chars().next());
                !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        };
        let needed = |working: &Working| working.needs.as_deref() == Some(name) && self.is_used(&working.name);
        is_read || texts.any(names_it) || self.profile.workings.iter().any(needed)
    }

    fn account(&mut self) {
        self.line("\naccount:");
        if self.guess.claims.is_empty() {
            self.line("  custom: { value: {} }  # unsure: no field looks like a claim of the standard schema");
        }
        for claim in &self.guess.claims {
            let field = claim.fields.first().and_then(|at| self.profile.fields.get(*at));
            let mut notes: Vec<String> = claim.unsure.iter().map(|why| format!("unsure: {why}")).collect();
            if let Some(field) = field.filter(|field| field.filled < self.profile.records) {
                notes.push(format!("in {} %", self.percent(field)));
            }
            let notes = if notes.is_empty() { String::new() } else { format!("  # {}", notes.join("; ")) };
            let body = match (&claim.whole, field) {
                (Some(whole), _) => whole.clone(),
                (None, Some(field)) => body(claim, field),
                (None, None) => continue,
            };
            self.line(&format!("  {}: {body}{notes}", claim.name));
        }
    }

    fn credential(&mut self) {
        match &self.guess.credential {
            Stored::Nothing => self.line(
                "\n# unsure: no field looks like a stored password; if the legacy system verifies passwords, name a verifier of the \
                 settings:\n# credential: { source: NAME }\n# verifiers: [ NAME ]",
            ),
            Stored::Field { at, schemes } => {
                let Some(field) = self.profile.fields.get(*at) else { return };
                let reference = field.reference();
                let (from, first) = match field {
                    // what LDIF has behind `::`
                    _ if field.bytes > 0 && field.lists > 0 => (format!("{reference}[0].base64"), "\n  do: [ from_base64 ]"),
                    _ if field.bytes > 0 => (format!("{reference}.base64"), "\n  do: [ from_base64 ]"),
                    _ if field.lists > 0 => (reference, "\n  do: [ to_list, first ]"),
                    _ if !field.nulls.is_empty() => (reference, "\n  do: [ nothing_if: [ \"NULL\", \"\\\\N\", \"(null)\" ] ]"),
                    _ => (reference, ""),
                };
                let from = scalar(&from);
                let scheme = match schemes.names.as_slice() {
                    [scheme] => (*scheme).to_owned(),
                    several => format!("[ {} ]", several.join(", ")),
                };
                let unsure = self.other_schemes(schemes);
                self.line(&format!("\n{unsure}credential:\n  from: {from}{first}\n  scheme: {scheme}"));
            }
            Stored::Parts { rule, unsure, .. } => {
                if let Some(why) = unsure {
                    self.line(&format!("\n# unsure: {why}{rule}"));
                } else {
                    self.line(rule);
                }
            }
            Stored::Unclear { about, rules, .. } => {
                self.line(&format!("\n# unsure: {about}"));
                for rule in rules {
                    self.line(&format!("# {rule}"));
                }
            }
        }
    }

    /// What the samples have beside the schemes that can be told by their prefixes, as lines of comment.
    fn other_schemes(&self, schemes: &Schemes) -> String {
        let count: usize = schemes.others.values().sum();
        if count == 0 {
            return String::new();
        }
        let mut lines = format!(
            "# unsure: {count} of {} stored passwords do not show their scheme, and the rule does not read them:\n",
            schemes.all
        );
        for (about, count) in &schemes.others {
            lines.push_str(&format!("#   {count}: {about}\n"));
        }
        lines + "# if they have one scheme, add its name to `scheme`, as in `[ bcrypt, md5 ]`\n"
    }

    /// Secrets, and stored passwords that no rule reads yet.
    fn ignore(&mut self) {
        let password = match &self.guess.credential {
            Stored::Unclear { fields, .. } => fields.clone(),
            _ => Vec::new(),
        };
        let fields: Vec<&Field> = self
            .guess
            .secrets
            .iter()
            .copied()
            .chain(password)
            .filter_map(|at| self.profile.fields.get(at))
            .filter(|field| match &field.root {
                Root::Record => true,
                Root::Let(name) => self.is_used(name),
            })
            .collect();
        if fields.is_empty() {
            return;
        }
        self.line("\n# left out on purpose: these fields look like secrets\nignore:");
        for field in fields {
            self.line(&format!("  - {}", scalar(&field.reference())));
        }
    }

    fn unmapped(&mut self) {
        if self.guess.unmapped.is_empty() {
            return;
        }
        self.line("\n# Fields that no rule reads yet; add rules for them, or list them under `ignore`:");
        let fields = self.guess.unmapped.iter().filter_map(|at| self.profile.fields.get(*at));
        let fields = fields.filter(|field| !self.is_read_as_list(field));
        let rows: Vec<(String, String)> = fields.map(|field| (field.reference(), self.about(field))).collect();
        let width = rows.iter().map(|(reference, _)| reference.chars().count()).max().unwrap_or(0).min(50);
        for (reference, about) in rows {
            let reference: String = reference.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            // writing to a `String` cannot fail
            let _ = writeln!(self.out, "#   {reference:width$}  {about}");
        }
    }

    /// Whether a field is in a list of objects that a claim reads from the first element to the last.
    fn is_read_as_list(&self, field: &Field) -> bool {
        let Root::Let(name) = &field.root else { return false };
        let Some(table) = self.profile.tables.iter().find(|table| table.working == *name) else { return false };
        let from = format!("from: {},", scalar(&table.reference()));
        self.guess.claims.iter().filter_map(|claim| claim.whole.as_ref()).any(|whole| whole.contains(&from))
    }

    fn about(&self, field: &Field) -> String {
        let all_begin = |start: &str| !field.texts.is_empty() && field.texts.iter().all(|text| text.starts_with(start));
        let kind = match field {
            _ if field.objects > 0 => "list of objects",
            _ if field.dates > 0 => "date: `extended_json_date`",
            _ if field.bytes > 0 => "bytes",
            _ if field.lists > 0 => "list",
            _ if field.booleans > 0 => "true or false",
            _ if field.numbers > 0 => "number",
            _ if all_begin("a:") || all_begin("O:") => "PHP: `php_unserialize`",
            _ if all_begin("{") || all_begin("[") => "JSON: `parse_json`",
            _ => "text",
        };
        let working = match &field.root {
            Root::Let(name) if !self.is_used(name) => {
                let found = self.profile.workings.iter().find(|working| working.name == *name);
                found.map_or_else(String::new, |working| {
                    format!("; needs `let: {name}` from `{}` by `{}`", working.from, working.step)
                })
            }
            _ => String::new(),
        };
        format!("{} %, {kind}{working}", self.percent(field))
    }

    fn percent(&self, field: &Field) -> usize {
        field.filled * 100 / self.profile.records.max(1)
    }
}

fn body(claim: &Claim, field: &Field) -> String {
    let from = scalar(&field.reference());
    if claim.steps.is_empty() && claim.each.is_empty() && claim.needs.is_empty() && claim.default.is_empty() {
        return from;
    }
    let mut keys = Vec::new();
    if !claim.needs.is_empty() {
        keys.push(format!("when: {{ {}: present }}", claim.needs));
    }
    keys.push(format!("from: {from}"));
    if !claim.steps.is_empty() {
        keys.push(format!("do: [ {} ]", claim.steps));
    }
    if !claim.each.is_empty() {
        keys.push(format!("each: [ {} ]", claim.each));
    }
    if !claim.default.is_empty() {
        keys.push(format!("default: {}", claim.default));
    }
    format!("{{ {} }}", keys.join(", "))
}
