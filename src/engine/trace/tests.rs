use bumpalo::Bump;

use super::*;
use crate::diag::{Files, Findings};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;

const RULES: &str = r#"landfall: 1
name: shop
target: standard
defaults: { on_error: warn }
lookups:
  roles: { shop_manager: staff }
identify: { id: $.id, logins: [ $.mail ] }
admit:
  - deny: spammer
    when: { $.status: "1" }
let:
  meta: { from: $.meta, do: [ pivot: { key: k, value: v } ] }
account:
  username: { from: [ $.login, $.mail ], do: [ trim, lowercase ], required: true }
  email.value: { from: $.mail, do: [ email ] }
  name.nickname: { from: $meta.nick, do: [ trim ], default: nobody }
  phone.value: { from: $.phone, do: [ phone: { region: DE } ] }
  locale:
    when: { $.lang: present }
    from: $.lang
  roles: { from: $.roles, each: [ trim, lookup: { table: roles, default: customer } ], then: [ unique ] }
  custom.greeting:
    with: { name: $.login }
    script: '`Hello ${name}`'
credential: { from: $.hash, scheme: bcrypt }
"#;

fn plan(rules: &str) -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("shop.yaml", rules);
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    let text = crate::diag::render::plain(&files, &findings.sorted());
    plan.unwrap_or_else(|| panic!("{text}"))
}

fn traced(plan: &Plan, record: &str) -> Trace {
    let (arena, settings, mut trace) = (Bump::new(), Settings::default(), Trace::new());
    let _ = plan.run(record, &settings, &arena, &mut trace);
    trace
}

const RECORD: &str = r#"{"id": 7, "login": " Ada ", "mail": "nope", "phone": "x", "meta": [{"k": "nick", "v": ""}],
    "roles": [" shop_manager ", "other"], "hash": "$2y$05$abcdefghijklmnopqrstuv"}"#;

#[test]
fn text_has_every_step() {
    let plan = plan(RULES);
    insta::assert_snapshot!(traced(&plan, RECORD).render(&plan.files, View::default()));
}

#[test]
fn json_has_the_same_content() {
    let plan = plan(RULES);
    let json = traced(&plan, RECORD).to_json(&plan.files, View::default());
    insta::assert_snapshot!(format!("{json:#}"));
}

#[test]
fn secrets_show_only_when_asked_for() {
    let plan = plan(RULES);
    let trace = traced(&plan, RECORD);
    for (sensitive, wanted) in [(false, false), (true, true)] {
        let view = View { sensitive, colour: false };
        assert_eq!(trace.render(&plan.files, view).contains("$2y$05$"), wanted);
        assert_eq!(trace.to_json(&plan.files, view).to_string().contains("$2y$05$"), wanted);
    }
}

#[test]
fn denials_and_failures_are_shown() {
    let plan = plan(RULES);
    let view = View::default();
    let denied = traced(&plan, r#"{"status": 1}"#).render(&plan.files, view);
    assert!(denied.contains("admit        { $.status: \"1\" } is true\ndenied       `spammer`\n"), "{denied}");
    let invalid = traced(&plan, r#"{"id": 1}"#);
    let invalid = invalid.render_rule("username", &plan.files, view);
    assert!(invalid.contains("fails: it has no value and is required: the record is invalid"), "{invalid}");
    assert!(invalid.ends_with("  result       the record is invalid\n"), "{invalid}");
}

#[test]
fn fields_of_elements_nest() {
    let rules = "landfall: 1\nname: x\ntarget: standard\naccount:\n  username: $.u\n  external_identities:\n    \
                 from: $.ids\n    where: { $item.p: { not: local } }\n    each: { provider: $item.p, subject: $item.s }\n";
    let plan = plan(rules);
    let record = r#"{"u": "a", "ids": [{"p": "local", "s": "1"}, {"p": "google", "s": "2"}]}"#;
    insta::assert_snapshot!(traced(&plan, record).render_rule("external_identities", &plan.files, View::default()));
}
