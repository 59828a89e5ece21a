//! Keys with names from other tools, or in the wrong place: what to write instead.

/// One row: the part of a file, the keys separated by spaces, and what to write.
type Row = (&'static str, &'static str, &'static str);

const RULE: &str = "a rule";
const FILE: &str = "a rule file";

const ROWS: &[Row] = &[
    (RULE, "if condition only_if only_when where_when", "write `when: { $.field: value }`"),
    (RULE, "unless", "write `when: { not: { $.field: value } }`"),
    (RULE, "else otherwise_value fallback default_value defaultvalue default_to or", "write `default: value`"),
    (RULE, "source src path field column attribute select read get input key property ref", "write `from: $.field`"),
    (
        RULE,
        "const constant literal static fixed template text expression set",
        "write `value: text`, or `value: \"{$.first} {$.last}\"` for text with references",
    ),
    (
        RULE,
        "transform transforms steps step pipe pipeline filters functions apply actions process operations convert normalize modifiers chain",
        "write `do: [ trim ]`, a list of steps",
    ),
    (
        RULE,
        "foreach for_each items elements every map each_item per_item",
        "write `each: [ trim ]` for steps on every element, or `each: { name: $item.name }` to build objects",
    ),
    (
        RULE,
        "filter reject keep only_items",
        "write `where: { $item: { not: x } }` for elements, or `when: { $.field: value }` for the claim",
    ),
    (
        RULE,
        "type cast datatype data_type kind to_type",
        "write `as: integer`; the types are `text`, `integer`, `number`, `boolean` and `list`",
    ),
    (
        RULE,
        "code js javascript expr rhai lua function fn lambda jq cel eval",
        "write `script: upper(name)` with `with: { name: $.name }`",
    ),
    (
        RULE,
        "args arguments inputs params parameters vars variables let bind",
        "write `with: { name: $.name }` next to `script`",
    ),
    (
        RULE,
        "onerror on_failure on_fail error error_policy errors catch if_error when_invalid on_invalid",
        "write `on_error: warn`, or `reject`, `skip`, `default`",
    ),
    (RULE, "optional nullable", "leave it out: a claim without `required: true` may have no value"),
    (RULE, "mandatory must_exist need needed require", "write `required: true`"),
    (
        RULE,
        "description comment comments note doc docs title label remark",
        "write `about: text`, or a comment that begins with `# `",
    ),
    (
        RULE,
        "lookup table dictionary mapping enum values_map translate",
        "write `do: [ { lookup: { in: { A: active, L: locked } } } ]`",
    ),
    (RULE, "format date_format parse date", "write `do: [ { date: \"%Y-%m-%d\" } ]`"),
    (
        RULE,
        "separator delimiter join concat",
        "write `do: [ { split: \",\" } ]` for a list, or `value: \"{$.first} {$.last}\"` for one text",
    ),
    (RULE, "regex pattern match extract", "write `do: [ { extract: '^([^@]+)' } ]`"),
    (RULE, "test tests cases", "write `examples: { input: output }`"),
    (RULE, "blank keep_blank allow_empty keepempty", "write `keep_empty: true`"),
    (
        FILE,
        "claims mapping mappings map fields attributes user users_map output profile properties transform target_fields identity traits",
        "claims go under `account:`",
    ),
    (FILE, "variables vars locals define set working values computed", "working values go under `let:`"),
    (FILE, "version schema_version language_version apiversion", "write `landfall: 1`"),
    (FILE, "tables maps dictionaries enums lookup mappings_tables", "tables go under `lookups:`"),
    (FILE, "functions macros pipelines step chains helpers transforms", "named chains of steps go under `steps:`"),
    (FILE, "password hash passwords credentials password_hash auth", "the stored password goes under `credential:`"),
    (FILE, "include includes import imports extends require", "write `use: [ common/contact.yaml ]`"),
    (FILE, "description comment note title doc", "write `about: text`"),
    (
        FILE,
        "validate validation asserts assert constraints rules verify conditions",
        "conditions between claims go under `checks:`",
    ),
    (
        FILE,
        "deny block exclude reject skip_if refuse filter where allow skip",
        "write `admit: [ { deny: reason, when: { $.field: value } } ]`",
    ),
    (FILE, "parameters env config settings options variables_env", "values of a deployment go under `params:`"),
    (
        FILE,
        "split users members records each foreach",
        "write `accounts: { name: member, from: $.members }` for several accounts in one record",
    ),
    (
        FILE,
        "id identity_id login logins username_field key primary_key",
        "write `identify: { id: $.id, logins: [ $.login ] }`",
    ),
    (FILE, "drop unused ignored ignore_fields discard", "fields that are left out on purpose go under `ignore:`"),
    (FILE, "default on_error unread blank", "write `defaults: { on_error: warn }`"),
    (FILE, "test examples cases spec", "tests go under `tests:`, or in `NAME.test.yaml` next to the file"),
    ("an entry of `admit`", "reason because block reject code message", "write `deny: closed_account`"),
    ("an entry of `admit`", "if condition unless where that", "write `when: { $.field: value }`"),
    ("an entry of `checks`", "if when condition", "write `that: { $account.field: value }`"),
    (
        "an entry of `checks`",
        "then require requires must expect assert need",
        "write `needs: { $account.field: present }`",
    ),
    ("an entry of `checks`", "reason message error code refuse", "write `because: reason_key`"),
    ("`identify`", "login username email identifier identifiers names", "write `logins: [ $.login, $.mail ]`"),
    ("`identify`", "key primary_key external_id legacy_id source_id pk", "write `id: $.id`"),
    ("`credential`", "hash password stored password_hash encoded", "write `from: $.password_hash`"),
    (
        "`credential`",
        "algorithm algo type method hash_type format kind",
        "write `scheme: bcrypt`; `landfall password schemes` lists them",
    ),
    ("`credential`", "rounds cost iteration iteration_count work_factor", "write `iterations: $.iterations`"),
    (
        "a parameter",
        "type kind format schema",
        "remove it: a parameter has no declared type; a default that is a map is `default: { … }`",
    ),
    (
        "a parameter",
        "required mandatory optional nullable",
        "remove it: a parameter without `default` must be set; a default that is a map is `default: { … }`",
    ),
    ("a parameter", "description desc doc docs comment note help title label", "write `about: what it is for`"),
    ("a parameter", "enum options choices allowed one_of in allowed_values", "write `values: [ a, b ]`"),
    ("a parameter", "fallback otherwise default_value initial", "write `default: …`"),
    ("a lookup file", "path source csv json src url", "write `file: countries.csv`"),
    ("a lookup file", "from column key_column", "write `key: COLUMN`"),
    ("a lookup file", "to value_column result", "write `value: COLUMN`"),
    ("`accounts`", "as item variable var", "write `name: member`"),
    ("`accounts`", "source path list each", "write `from: $.members`"),
    ("`accounts`", "when if filter condition", "write `where: { $item.mail: present }`"),
];

/// What to write instead of an unknown key.
#[must_use]
pub fn help(what: &str, key: &str) -> Option<String> {
    let wanted: String = key.chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect();
    let plain = |name: &str| name.replace('_', "");
    ROWS.iter()
        .find(|(part, names, _)| *part == what && names.split(' ').any(|name| plain(name) == plain(&wanted)))
        .map(|(.., help)| (*help).to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::{KEYS, body};

    #[test]
    fn existing_keys_are_not_listed() {
        for (part, names, _) in ROWS {
            let known = match *part {
                FILE => KEYS,
                RULE => body::KEYS,
                _ => &[],
            };
            for name in names.split(' ') {
                assert!(!known.contains(&name), "{part}: {name}");
            }
        }
    }

    #[test]
    fn keys_are_listed_once_per_part() {
        let mut seen = BTreeSet::new();
        for (part, names, _) in ROWS {
            for name in names.split(' ') {
                assert!(seen.insert((part, name)), "{part}: {name}");
            }
        }
    }
}
