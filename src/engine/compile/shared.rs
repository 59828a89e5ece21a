//! The files that a rule file refers to: shared lookups and steps, and the target schema.

use std::sync::Arc;

use super::Loader;
use crate::diag::{Diagnostic, FileId, Files, Findings, closest};
use crate::rules::syntax::{RuleFile, Word};
use crate::rules::{read_rules, rule_file};
use crate::schema::Schema;

/// The largest number of shared files. Stops an endless chain of files.
const MAX_FILES: usize = 64;

/// A file of shared lookups and steps.
pub(super) struct SharedFile {
    /// `contact.` for `common/contact.yaml`.
    pub prefix: String,
    pub file: FileId,
    pub rules: RuleFile,
}

/// Loads every file that `use` names, and the files they use; cycles are findings. Also returns the prefixes of files
/// that could not be read.
pub(super) fn load(
    rules: &RuleFile,
    file: FileId,
    files: &mut Files,
    loader: &dyn Loader,
    findings: &mut Findings,
) -> (Vec<SharedFile>, Vec<String>) {
    let (mut loaded, mut missing) = (Vec::new(), Vec::new());
    let mut stack = vec![files.name(file).to_owned()];
    load_into((&mut loaded, &mut missing), rules, file, &mut stack, (files, loader, findings));
    (loaded, missing)
}

fn load_into(
    (loaded, missing): (&mut Vec<SharedFile>, &mut Vec<String>),
    rules: &RuleFile,
    file: FileId,
    stack: &mut Vec<String>,
    (files, loader, findings): (&mut Files, &dyn Loader, &mut Findings),
) {
    for wanted in &rules.uses {
        let found = match loader.load(files.name(file), &wanted.text) {
            Ok(found) => found,
            Err(problem) => {
                findings.push(Diagnostic::error("R213", wanted.span, problem, "the path is relative to the rule file"));
                missing.push(format!("{}.", stem(&wanted.text)));
                continue;
            }
        };
        if stack.contains(&found.name) || loaded.len() >= MAX_FILES {
            let message = format!("`{}` uses itself, directly or through another file", wanted.text);
            findings.push(Diagnostic::error("R209", wanted.span, message, "move what both need to a third file"));
            continue;
        }
        let id = files.add(found.name.clone(), found.text);
        let Some(shared) = read_rules(files, id, findings).and_then(|tree| rule_file(&tree, findings)) else {
            missing.push(format!("{}.", stem(&wanted.text)));
            continue;
        };
        only_shared(&shared, wanted, findings);
        stack.push(found.name);
        load_into((&mut *loaded, &mut *missing), &shared, id, stack, (&mut *files, loader, &mut *findings));
        stack.pop();
        loaded.push(SharedFile { prefix: format!("{}.", stem(&wanted.text)), file: id, rules: shared });
    }
}

fn only_shared(rules: &RuleFile, wanted: &Word, findings: &mut Findings) {
    if rules.account.is_empty() && rules.start.is_none() && rules.lets.is_empty() && rules.admit.is_empty() {
        return;
    }
    let message = format!("`{}` sets claims, so it cannot be shared", wanted.text);
    findings.push(Diagnostic::error("R213", wanted.span, message, "shared files contain only `lookups` and `steps`"));
}

/// The name of a file in the files that use it.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

/// A target that accepts every claim, used if the real one cannot be read: other mistakes in the rules are still found.
fn any_target() -> Option<Arc<Schema>> {
    Schema::from_text("any", "{}").ok().map(Arc::new)
}

/// The target schema: a built-in one, or a JSON Schema file.
pub(super) fn schema(
    rules: &RuleFile,
    file: FileId,
    files: &Files,
    loader: &dyn Loader,
    findings: &mut Findings,
) -> Option<Arc<Schema>> {
    let Some(target) = &rules.schema else { return Schema::load("standard").ok().map(Arc::new) };
    let is_file = target.text.contains(['/', '.']);
    let loaded = if is_file {
        match loader.load(files.name(file), &target.text) {
            Ok(found) => Schema::from_text(&found.name, &found.text),
            Err(problem) => {
                let help = "the path is relative to the rule file";
                findings.push(Diagnostic::error("R213", target.span, problem, help));
                return any_target();
            }
        }
    } else {
        Schema::load(&target.text)
    };
    match loaded {
        Ok(schema) => Some(Arc::new(schema)),
        Err(error) => {
            let help = match closest(&target.text, Schema::builtins().map(|(name, _)| name)) {
                Some(near) if !is_file && near != target.text => format!("did you mean `{near}`?"),
                _ => "the built-in schemas are `standard` and `scim`; others are JSON Schema files".to_owned(),
            };
            findings.push(Diagnostic::error("R407", target.span, error.to_string(), help));
            any_target()
        }
    }
}
