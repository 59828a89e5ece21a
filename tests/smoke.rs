//! Temporary.
use bumpalo::Bump;
use landfall::diag::{Files, Findings, render::plain};
use landfall::engine::{
    compile::{NoFiles, compile},
    outcome::Outcome,
    probe::Silent,
    run::Settings,
};
#[test]
fn challenges() {
    let text = std::fs::read_to_string("tests/cases/challenges/challenges.jsonl").unwrap();
    let mut bad = 0;
    for line in text.lines() {
        let c: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = c["id"].as_str().unwrap();
        let path = format!("tests/cases/challenges/{id}.yaml");
        let mut files = Files::default();
        let file = files.add(path.clone(), std::fs::read_to_string(&path).unwrap());
        let mut findings = Findings::default();
        let plan = compile(&mut files, file, &NoFiles, &mut findings);
        println!("{}", plain(&files, &findings.sorted()));
        let Some(plan) = plan else {
            bad += 1;
            println!("{id}: NO PLAN");
            continue;
        };
        let mut settings = Settings::default();
        for (name, key) in [("regions", "region_map"), ("groups", "group_map")] {
            if plan.params.iter().any(|p| p.name == name) {
                settings.params.push((name.into(), c["context"][key].clone()));
            }
        }
        let arena = Bump::new();
        let json = c["record"].to_string();
        let run = plan.run(&json, &settings, &arena, &mut Silent);
        match &run.outcomes[..] {
            [Outcome::Account(made)] => {
                let mut got = landfall::model::json::to_json(made.account.value());
                if !made.warnings.is_empty() {
                    got["warnings"] = serde_json::json!(made.warnings);
                }
                if made.credential.is_present() {
                    got["credential"] = landfall::model::json::to_json(made.credential);
                }
                if got != c["wanted"] {
                    bad += 1;
                    println!("{id}: DIFF\n got  {got}\n want {}", c["wanted"]);
                } else {
                    println!("{id}: ok");
                }
            }
            other => {
                bad += 1;
                println!("{id}: {other:?}");
            }
        }
    }
    assert_eq!(bad, 0);
}
