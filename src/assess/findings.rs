//! What needs attention, as findings with codes.

use super::document::{Assessment, Claim, DuplicateOf, Duplicates, Field, Finding, Reason, Scheme};

/// How many findings of one code there are at most. Stops a thousand fields that nobody reads from hiding the rest.
const MAX_OF_CODE: usize = 100;

/// Formats of which a few values that look otherwise are probably mistakes.
const STRICT: [(&str, &str); 6] = [
    ("email", "mail addresses"),
    ("uuid", "UUIDs"),
    ("date", "dates"),
    ("date_time", "dates with a time"),
    ("url", "web addresses"),
    ("ip_address", "network addresses"),
];

/// What it means that no account has a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmade {
    /// The rules have the claim for nothing.
    Finding,
    /// The claims are all that the schema knows.
    Usual,
}

/// The findings of an assessment. `unread` has the fields that no rule reads.
pub(super) fn of(assessment: &Assessment, unread: &[Reason], unmade: Unmade) -> Vec<Finding> {
    let mut findings = Vec::new();
    records(assessment, &mut findings);
    assessment.claims.iter().for_each(|claim| self::claim(claim, assessment.records.accounts, unmade, &mut findings));
    for lookup in &assessment.lookups {
        let message = format!("values have no entry in the lookup `{}`", lookup.table);
        let help = "add these values to the lookup, or give the step a `default`";
        findings.push(finding("R704", &lookup.rule, message, help, lookup.missing));
    }
    for field in unread {
        let help = "map the field, or list it under `ignore`";
        findings.push(finding("R705", &field.reason, "no rule reads the field", help, field.count));
    }
    assessment.duplicates.iter().for_each(|shared| findings.push(self::shared(shared)));
    passwords(assessment, &mut findings);
    assessment.fields.iter().for_each(|field| self::field(field, assessment.forecast.is_none(), &mut findings));
    bounded(findings)
}

/// The findings in order, not too many of each code.
fn bounded(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|one, other| {
        one.code.cmp(&other.code).then(other.count.cmp(&one.count)).then_with(|| one.place.cmp(&other.place))
    });
    let (mut code, mut count) = (String::new(), 0);
    findings.retain(|finding| {
        if finding.code != code {
            (code, count) = (finding.code.clone(), 0);
        }
        count += 1;
        count <= MAX_OF_CODE
    });
    findings
}

fn finding(code: &str, place: &str, message: impl Into<String>, help: impl Into<String>, count: u64) -> Finding {
    Finding { code: code.to_owned(), place: place.to_owned(), message: message.into(), help: help.into(), count }
}

fn records(assessment: &Assessment, findings: &mut Vec<Finding>) {
    let records = &assessment.records;
    if let Some(why) = &records.stopped {
        let help = "the counts are those of the records before that place; fix the export and assess it again";
        findings.push(finding("R701", "record", format!("the export cannot be read to its end: {why}"), help, 1));
    }
    for reason in &records.unreadable_reasons {
        let help = "fix these records in the export, or export them again";
        findings.push(finding(
            "R701",
            "record",
            format!("a record cannot be read: {}", reason.reason),
            help,
            reason.count,
        ));
    }
    for reason in &records.invalid_reasons {
        let (place, message) = reason.reason.split_once(": ").unwrap_or(("record", &reason.reason));
        let help =
            "fix these records in the legacy system, or the rules; `landfall explain` shows what they make of one";
        findings.push(finding("R702", place, format!("the record is invalid: {message}"), help, reason.count));
    }
}

fn claim(claim: &Claim, accounts: u64, unmade: Unmade, findings: &mut Vec<Finding>) {
    if claim.warned > 0 {
        let why = claim.reasons.first().map_or("", |reason| reason.reason.as_str());
        let more = claim.reasons.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(" (and {more} more reasons)") };
        let help = "read the values in another way, or correct them in the legacy system";
        findings.push(finding("R703", &claim.name, format!("values were left out: {why}{more}"), help, claim.warned));
    }
    if unmade == Unmade::Finding && claim.made == 0 && claim.warned == 0 && accounts > 0 {
        let help = "check the paths that the claim reads, or remove it if the export does not have it";
        findings.push(finding("R715", &claim.name, "no account has the claim", help, accounts));
    }
}

fn shared(shared: &Duplicates) -> Finding {
    let (code, place, message, help) = match shared.of {
        DuplicateOf::LegacyId => (
            "R706",
            "identify.id",
            "several records have the same id",
            "use an id that is unique, or remove the records that are not needed; a second one cannot migrate",
        ),
        DuplicateOf::Login => (
            "R707",
            "identify.logins",
            "several records have the same login",
            "nobody can sign in with it; make it unique in the legacy system, or tell these customers to use another login",
        ),
        DuplicateOf::Email => (
            "R708",
            "email",
            "several accounts have the same mail address",
            "decide whether the target allows that; otherwise make the addresses unique in the legacy system",
        ),
        DuplicateOf::Phone => (
            "R709",
            "phone",
            "several accounts have the same phone number",
            "decide whether the target allows that; otherwise make the numbers unique in the legacy system",
        ),
        DuplicateOf::NameIsEmail => (
            "R710",
            "identify.logins",
            "the user name of one customer is the mail address of another",
            "rename these customers in the legacy system: what is typed here means one of two accounts",
        ),
    };
    finding(code, place, message, help, shared.records)
}

fn passwords(assessment: &Assessment, findings: &mut Vec<Finding>) {
    let Some(passwords) = &assessment.passwords else { return };
    for reason in &passwords.unusable {
        let help = "check the scheme and the parts under `credential`; if the hashes are right, these customers need a new \
                    password";
        let message = format!("a stored password cannot be used: {}", reason.reason);
        findings.push(finding("R711", "credential", message, help, reason.count));
    }
    for (code, applies, message, help) in SCHEMES {
        for scheme in passwords.schemes.iter().filter(|scheme| applies(scheme)) {
            let name = if scheme.cost.is_empty() {
                scheme.scheme.clone()
            } else {
                format!("{}, {}", scheme.scheme, scheme.cost)
            };
            findings.push(finding(code, "credential", format!("{message}: {name}"), help, scheme.count));
        }
    }
}

/// Findings about schemes: the code, what they are about, the message and the help.
type OfScheme = (&'static str, fn(&Scheme) -> bool, &'static str, &'static str);

const SCHEMES: [OfScheme; 3] = [
    (
        "R712",
        |scheme| scheme.weak,
        "stored passwords are too cheap to withstand guessing",
        "nothing at the migration: the target stores its own hash; do not keep the export longer than needed",
    ),
    (
        "R713",
        |scheme| scheme.too_expensive,
        "checking stored passwords takes longer than a login may",
        "raise `login.deadline` and `password.longest_check`, or use faster machines; otherwise these logins are refused",
    ),
    (
        "R714",
        |scheme| scheme.ignores_part,
        "the scheme ignores part of the password",
        "nothing: customers whose password is affected are asked for a new one after they have signed in",
    ),
];

fn field(field: &Field, is_profile: bool, findings: &mut Vec<Finding>) {
    if field.is_wide {
        let help = "if its keys are data, read it with a step such as `values` or `pivot`";
        let message = "the object has so many different members that they are not listed";
        findings.push(finding("R718", &field.path, message, help, field.filled));
        return;
    }
    let kinds: Vec<&str> = field.kinds.keys().map(String::as_str).filter(|kind| *kind != "number").collect();
    if kinds.len() > 1 {
        let message = format!("the values are of several kinds: {}", kinds.join(", "));
        let rarest = kinds.iter().filter_map(|kind| field.kinds.get(*kind)).min().copied().unwrap_or_default();
        let help = "read each kind in its own way, for example with `to_text`, `to_list` or `when`";
        findings.push(finding("R716", &field.path, message, help, rarest));
    }
    let count = |format: &str| field.formats.get(format).copied().unwrap_or_default();
    if is_profile && count("stored_password") > 0 {
        let help = "read it under `credential`, and protect the export: everybody who has it can guess passwords";
        findings.push(finding(
            "R719",
            &field.path,
            "the field contains stored passwords",
            help,
            count("stored_password"),
        ));
    }
    let texts = field.kinds.get("text").copied().unwrap_or_default().saturating_sub(blank(field));
    for (format, name) in STRICT {
        let others = texts.saturating_sub(count(format));
        if others > 0 && others.saturating_mul(10) <= texts {
            let help = "decide what the rules do with these values: leave them out (`on_error: warn`) or refuse them";
            findings.push(finding(
                "R717",
                &field.path,
                format!("most values are {name}, and some are not"),
                help,
                others,
            ));
        }
    }
}

/// Empty values of the field that are texts; of fields with several kinds this is not known exactly.
fn blank(field: &Field) -> u64 {
    if field.kinds.len() == 1 { field.empty } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_findings_of_a_code_is_bounded() {
        let all = (0..500).map(|n| finding("R705", &format!("$.f{n:03}"), "", "", n)).collect();
        let kept = bounded(all);
        assert_eq!(kept.len(), MAX_OF_CODE);
        assert_eq!(kept.first().map(|finding| finding.count), Some(499));
    }
}
