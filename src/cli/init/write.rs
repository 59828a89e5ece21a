//! Writes the starter rules.

use std::fmt::Write as _;

use super::guess::{Claim, Guess};
use super::profile::{Field, Profile, Root, Working};

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
        self.profile.fields.get(claim.field).map_or_else(String::new, |field| {
            let first = if field.lists > 0 && field.lists == field.filled { "[0]" } else { "" };
            reference(&format!("{}{first}", field.reference()))
        })
    }

    fn lets(&mut self) {
        let used: Vec<&Working> = self.profile.workings.iter().filter(|working| self.is_used(&working.name)).collect();
        if used.is_empty() {
            return;
        }
        self.line("\nlet:");
        for working in used {
            let (name, from, step) = (&working.name, reference(&working.from), &working.step);
            self.line(&format!("  {name}: {{ from: {from}, do: [ {step} ] }}"));
        }
    }

    fn is_used(&self, name: &str) -> bool {
        let claims = self.guess.claims.iter().map(|claim| claim.field);
        let credential =
            self.guess.credential.iter().filter(|(_, schemes)| !schemes.is_empty()).map(|(field, _)| *field);
        claims
            .chain(credential)
            .filter_map(|at| self.profile.fields.get(at))
            .any(|field| field.root == Root::Let(name.to_owned()))
    }

    fn account(&mut self) {
        self.line("\naccount:");
        if self.guess.claims.is_empty() {
            self.line("  custom: { value: {} }  # unsure: no field looks like a claim of the standard schema");
        }
        for claim in &self.guess.claims {
            let Some(field) = self.profile.fields.get(claim.field) else { continue };
            let mut notes: Vec<String> = claim.unsure.iter().map(|why| format!("unsure: {why}")).collect();
            if field.filled < self.profile.records {
                notes.push(format!("in {} %", self.percent(field)));
            }
            let notes = if notes.is_empty() { String::new() } else { format!("  # {}", notes.join("; ")) };
            let body = body(claim, field);
            self.line(&format!("  {}: {body}{notes}", claim.name));
        }
    }

    fn credential(&mut self) {
        let Some((at, schemes)) = &self.guess.credential else {
            self.line(
                "\n# unsure: no field looks like a stored password; if the legacy system verifies passwords, name a verifier of the \
                 settings:\n# credential: { source: NAME }\n# verifiers: [ NAME ]",
            );
            return;
        };
        let Some(field) = self.profile.fields.get(*at) else { return };
        let from = reference(&field.reference());
        let first = if field.lists > 0 { "\n  do: [ to_list, first ]" } else { "" };
        match schemes.as_slice() {
            [] => {
                self.line("\n# unsure: the stored passwords do not show their scheme");
                self.line(&format!("# credential: {{ from: {from}, scheme: bcrypt }}"));
            }
            [scheme] => self.line(&format!("\ncredential:\n  from: {from}{first}\n  scheme: {scheme}")),
            several => {
                self.line(&format!("\ncredential:\n  from: {from}{first}\n  scheme: [ {} ]", several.join(", ")))
            }
        }
    }

    /// Secrets, and stored passwords that no rule reads yet.
    fn ignore(&mut self) {
        let password = self.guess.credential.iter().filter(|(_, schemes)| schemes.is_empty()).map(|(at, _)| *at);
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
            self.line(&format!("  - {}", reference(&field.reference())));
        }
    }

    fn unmapped(&mut self) {
        if self.guess.unmapped.is_empty() {
            return;
        }
        self.line("\n# Fields that no rule reads yet; add rules for them, or list them under `ignore`:");
        let fields = self.guess.unmapped.iter().filter_map(|at| self.profile.fields.get(*at));
        let rows: Vec<(String, String)> = fields.map(|field| (field.reference(), self.about(field))).collect();
        let width = rows.iter().map(|(reference, _)| reference.chars().count()).max().unwrap_or(0).min(50);
        for (reference, about) in rows {
            let reference: String = reference.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            // writing to a `String` cannot fail
            let _ = writeln!(self.out, "#   {reference:width$}  {about}");
        }
    }

    fn about(&self, field: &Field) -> String {
        let all_begin = |start: &str| !field.texts.is_empty() && field.texts.iter().all(|text| text.starts_with(start));
        let kind = match field {
            _ if field.objects > 0 => "list of objects",
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
    let from = reference(&field.reference());
    if claim.steps.is_empty() && claim.each.is_empty() && claim.needs.is_empty() {
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
    format!("{{ {} }}", keys.join(", "))
}

/// A reference as a YAML scalar, quoted if a list or map would end it.
fn reference(text: &str) -> String {
    scalar(text)
}

/// Text as a YAML scalar inside a list or map.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_$.-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
    if begins && text.chars().all(is_plain) && !matches!(text, "true" | "false" | "null") {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Text in double quotes; YAML has the escapes of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
