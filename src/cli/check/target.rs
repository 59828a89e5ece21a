//! `landfall check --target`: which of the rules' password hashes a product takes as they are.

use serde_json::{Value, json};

use crate::cli::CommandError;
use crate::diag::closest;
use crate::engine::plan::DeclaredSchemes;
use crate::password::matrix::{Acceptance, accepts, of_others, source, taken_by, targets};

/// What is done with a hash that the target does not take.
const AT_LOGIN: &str = "verify the password at login, and it is stored anew";
/// What is done where the table does not answer.
const LOOK: &str = "the table does not say: ask the product, or verify the password at login, which always works";

/// What a target does with the hashes of one scheme of a rule file.
#[derive(Debug)]
pub struct Answer {
    file: String,
    target: &'static str,
    /// The scheme as the rules call it.
    scheme: String,
    acceptance: Acceptance,
}

/// The help of the option, with the names of all targets.
pub fn help() -> String {
    let names: Vec<&str> = targets().collect();
    format!(
        "Also says, for each password scheme that the rules name, whether this product takes such hashes as they are. \
         It never changes the exit code. Products: {}",
        names.join(", ")
    )
}

/// The target of that name.
///
/// # Errors
/// When the table has none of that name.
pub fn named(name: &str) -> Result<&'static str, CommandError> {
    if let Some(target) = targets().find(|target| target.eq_ignore_ascii_case(name)) {
        return Ok(target);
    }
    let help = match closest(&name.to_ascii_lowercase(), targets()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the targets are {}", targets().collect::<Vec<_>>().join(", ")),
    };
    Err(CommandError::new(format!("there is no target `{name}` in the table")).help(help))
}

/// One answer for each scheme of a rule file; where the record names the scheme, one for each scheme that the target takes.
pub fn answers(target: &'static str, file: &str, declared: DeclaredSchemes<'_>) -> Vec<Answer> {
    let answer =
        |scheme: &str, acceptance| Answer { file: file.to_owned(), target, scheme: scheme.to_owned(), acceptance };
    match declared {
        DeclaredSchemes::Nothing => Vec::new(),
        DeclaredSchemes::Named(schemes) => {
            schemes.iter().map(|scheme| answer(scheme, accepts(target, scheme))).collect()
        }
        DeclaredSchemes::Told => {
            let taken = taken_by(target).map(|(scheme, acceptance)| answer(scheme, acceptance));
            taken.chain([answer("any other", of_others(target))]).collect()
        }
    }
}

impl Answer {
    /// One word for programs.
    fn word(&self) -> &'static str {
        match self.acceptance {
            Acceptance::Yes => "yes",
            Acceptance::WithLimit(_) => "with_limit",
            Acceptance::No => "no",
            Acceptance::Unknown => "unknown",
        }
    }

    fn sentence(&self) -> String {
        match self.acceptance {
            Acceptance::Yes => "taken as it is".to_owned(),
            Acceptance::WithLimit(limit) => format!("taken with a condition: {limit}"),
            Acceptance::No => format!("not taken: {AT_LOGIN}"),
            Acceptance::Unknown => LOOK.to_owned(),
        }
    }
}

/// The answers for people, file by file.
pub fn human(target: &str, answers: &[Answer]) -> String {
    if answers.is_empty() {
        return format!("the rules make no stored hash, so there is none to hand to {target}\n");
    }
    let mut text = String::new();
    let mut file = "";
    let width = answers.iter().map(|answer| answer.scheme.len()).max().unwrap_or(0);
    for answer in answers {
        if answer.file != file {
            file = &answer.file;
            text += &format!("{file}: hashes for {target}\n");
        }
        text += &format!("  {:width$}  {}\n", answer.scheme, answer.sentence());
    }
    text + format!("  read in: {}\n", source(target).unwrap_or("no source")).as_str()
}

/// The answers, one per line.
pub fn plain(answers: &[Answer]) -> String {
    let line = |answer: &Answer| {
        format!("{}: hash[{}]: {}: {}\n", answer.file, answer.target, answer.scheme, answer.sentence())
    };
    answers.iter().map(line).collect()
}

/// The answers as a JSON list.
pub fn json(answers: &[Answer]) -> Value {
    let condition = |answer: &Answer| match answer.acceptance {
        Acceptance::WithLimit(limit) => Some(limit),
        _ => None,
    };
    let object = |answer: &Answer| {
        json!({
            "file": answer.file,
            "target": answer.target,
            "scheme": answer.scheme,
            "taken": answer.word(),
            "condition": condition(answer),
            "message": answer.sentence(),
        })
    };
    answers.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};

    fn of(target: &str, credential: &str) -> Vec<Answer> {
        let text = format!("landfall: 1\naccount: {{ username: $.login }}\n{credential}\n");
        let mut files = Files::default();
        let file = files.add("shop.yaml", text);
        let mut findings = Findings::default();
        let plan = compile(&mut files, file, &NoFiles, &mut findings).expect("the rules compile");
        answers(named(target).unwrap(), "shop.yaml", plan.declared_schemes())
    }

    #[test]
    fn each_named_scheme_has_an_answer() {
        let found = of("Auth0", "credential: { from: $.hash, scheme: [ bcrypt, phpass, md5 ] }");
        let words: Vec<(&str, &str)> = found.iter().map(|answer| (answer.scheme.as_str(), answer.word())).collect();
        assert_eq!(words, [("bcrypt", "with_limit"), ("phpass", "no"), ("md5", "with_limit")]);
        let text = human("auth0", &found);
        assert!(text.starts_with("shop.yaml: hashes for auth0\n  bcrypt  taken with a condition: `$2a$`"), "{text}");
        assert!(
            text.contains("\n  phpass  not taken: verify the password at login, and it is stored anew\n"),
            "{text}"
        );
        assert_eq!(plain(&found).lines().count(), 3);
        assert_eq!(json(&found)[1]["taken"], "no");
        assert!(json(&found)[0]["condition"].as_str().is_some_and(|limit| limit.contains("10 rounds")));
    }

    #[test]
    fn schemes_that_are_many_are_not_promised() {
        let found = of("auth0", "credential: { from: $.hash, scheme: template, template: md5($pass) }");
        assert_eq!(found[0].word(), "unknown");
    }

    #[test]
    fn a_scheme_from_the_record_lists_what_the_target_takes() {
        let found = of("supabase", "credential: { from: $.hash, scheme: $.type }");
        assert_eq!(found.len(), 4);
        assert_eq!(found[3].sentence(), "not taken: verify the password at login, and it is stored anew");
    }

    #[test]
    fn rules_without_a_hash_have_no_answers() {
        for credential in ["", "credential: { source: { value: ldap } }"] {
            let found = of("okta", credential);
            assert!(found.is_empty(), "{credential}");
            assert!(human("okta", &found).contains("no stored hash"));
        }
    }

    #[test]
    fn unknown_targets_are_told_the_near_name() {
        for (name, help) in [("auht0", "did you mean `auth0`?"), ("Keycloack", "did you mean `keycloak`?")] {
            let error = named(name).unwrap_err();
            assert_eq!(error.to_string(), format!("there is no target `{name}` in the table"));
            assert!(format!("{error:?}").contains(help), "{error:?}");
        }
        assert!(format!("{:?}", named("zzzzzzzzzz").unwrap_err()).contains("supertokens"));
        assert!(help().contains("fusionauth"));
    }
}
