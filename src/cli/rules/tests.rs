use std::fs;

use clap::Parser as _;

use super::*;
use crate::cli::FINE;

#[derive(clap::Parser)]
struct TestCommand {
    #[command(flatten)]
    arguments: crate::cli::test::Arguments,
}

#[derive(clap::Parser)]
struct RulesCommand {
    #[command(flatten)]
    arguments: Arguments,
}

fn run_rules(arguments: &[&str]) -> Result<u8, CommandError> {
    run(&RulesCommand::parse_from([&["rules"], arguments].concat()).arguments)
}

#[test]
fn a_copy_of_any_rules_passes_its_tests_at_once() {
    for ready in ready_rules::all() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("rules");
        assert_eq!(run_rules(&["copy", ready.name, "--to", to.to_str().unwrap()]).unwrap(), FINE);
        let path = to.join(ready.path);
        assert_eq!(fs::read_to_string(&path).unwrap(), ready.text);
        if to.join(ready.path.replace(".yaml", ".test.yaml")).is_file() {
            let command = TestCommand::parse_from(["test", path.to_str().unwrap()]);
            assert_eq!(crate::cli::test::run(&command.arguments).unwrap(), FINE, "{}", ready.name);
        }
    }
}

#[test]
fn files_that_differ_are_replaced_only_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    run_rules(&["copy", "ldap", "--to", to]).unwrap();
    // a second copy shares a file with the first one
    run_rules(&["copy", "wordpress", "--to", to]).unwrap();
    fs::write(folder.path().join("wordpress.yaml"), "mine").unwrap();
    fs::remove_file(folder.path().join("wordpress.test.yaml")).unwrap();
    let error = run_rules(&["copy", "wordpress", "--to", to]).unwrap_err();
    assert!(error.to_string().ends_with("wordpress.yaml` would be replaced"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("wordpress.yaml")).unwrap(), "mine");
    assert!(!folder.path().join("wordpress.test.yaml").exists(), "nothing is written if a file is there");
    run_rules(&["copy", "wordpress", "--to", to, "--force"]).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("wordpress.yaml")).unwrap(), named("wordpress").unwrap().text);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = run_rules(&["copy", "okta", "--to", file.to_str().unwrap()]).unwrap_err();
    assert!(error.to_string().starts_with("cannot write `"), "{error}");
}

#[test]
fn unknown_names_are_answered_with_similar_ones() {
    let help = |name: &str| named(name).unwrap_err().help.unwrap();
    assert_eq!(help("wordpres"), "did you mean `wordpress`? `landfall rules list` lists all");
    assert!(help("keyclok").contains("`keycloak`"), "{}", help("keyclok"));
    assert!(help("zzzzzz").contains("`--targets`"));
}

#[test]
fn the_list_says_what_each_reads() {
    let text = |targets, bridges, format| list(&List { targets, bridges, format });
    let human = text(false, false, Format::Human);
    for line in ["django            Users of Django (auth_user).\n", "  reads rows of auth_user\n"] {
        assert!(human.contains(line), "{human}");
    }
    let json: Vec<Json> = serde_json::from_str(&text(false, false, Format::Json)).unwrap();
    let okta = json.iter().find(|entry| entry["name"] == "okta").unwrap();
    assert_eq!(okta["product"], "Okta");
    assert_eq!(okta["formats"].as_array().unwrap().len(), 2, "{okta}");
    let others: Vec<Json> = serde_json::from_str(&text(true, true, Format::Json)).unwrap();
    assert!(others.iter().any(|entry| entry["name"] == "bridges/curity" && entry["kind"] == "bridge"));
    assert!(others.iter().all(|entry| entry["kind"] != "legacy"));
}
