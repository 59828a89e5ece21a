//! The order of the rooms: a room uses only rooms above it, and the engine alone stays free of everything that touches the
//! world.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms in order of dependency. A room may use itself and the rooms before it.
const ROOMS: &[&str] = &[
    "model",
    "diag",
    "rules",
    "schema",
    "password",
    "engine",
    "testing",
    "ready_rules",
    "formats",
    "random",
    "tls",
    "html_report",
    "metrics",
    "settings",
    "ports",
    "audit",
    "hashing",
    "signing",
    "migrate",
    "assess",
    "compare",
    "guard",
    "adapters",
    "hooks",
    "events",
    "sampling",
    "callers",
    "bridge",
    "config",
    "service",
    "demo",
    "cli",
];

/// What pure rooms may not speak of, and the files that may all the same, each with its reason in ARCHITECTURE.md.
const PURE: &[&str] = &["model", "diag", "rules", "schema", "engine", "testing", "ready_rules"];
const WORLD: &[&str] = &["std::fs", "TcpStream", "UdpSocket", "std::env", "std::process", "SystemTime", "std::thread"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The source files of a room, without what stands below `#[cfg(test)]`.
fn room(name: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    if root.join(name).is_dir() {
        sources(&root.join(name), &mut files);
    }
    let single = root.join(format!("{name}.rs"));
    if single.is_file() {
        files.push(single);
    }
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("").to_owned();
            (path, code)
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn rooms_use_only_rooms_above_them() {
    let mut seen = 0;
    let mut upward = Vec::new();
    for (at, name) in ROOMS.iter().enumerate() {
        for (path, code) in room(name) {
            seen += 1;
            for line in code_lines(&code).filter(|_| !is_test(&path)) {
                for below in ROOMS.iter().skip(at + 1).filter(|below| line.contains(&format!("crate::{below}::"))) {
                    upward.push(format!("{}: {name} uses {below}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} source files were found");
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn every_room_has_its_place_in_the_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).expect("src").flatten().filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(ROOMS.contains(&name.as_str()), "the room `{name}` has no place in the order");
    }
}

#[test]
fn pure_rooms_do_not_touch_the_world() {
    let mut touched = Vec::new();
    for name in PURE {
        for (path, code) in room(name).into_iter().filter(|(path, _)| !is_test(path)) {
            for line in code_lines(&code) {
                for word in WORLD.iter().filter(|word| line.contains(**word)) {
                    touched.push(format!("{}: {word}", path.display()));
                }
            }
        }
    }
    assert!(touched.is_empty(), "{}", touched.join("\n"));
}

/// The public surface: every module that the documentation of the library shows. Modules that only the program and its
/// tests use are private or `#[doc(hidden)]`. `lib.rs` says for each module of the first level what it is for.
const PUBLIC: &[&str] = &[
    "adapters",
    "adapters::enriched",
    "adapters::file",
    "adapters::http",
    "adapters::ldap",
    "adapters::memory",
    "adapters::scim",
    "adapters::sql",
    "adapters::sqlite",
    "adapters::stored_hash",
    "diag",
    "diag::codes",
    "diag::render",
    "engine",
    "guard",
    "hashing",
    "migrate",
    "model",
    "model::json",
    "model::read",
    "password",
    "password::lane",
    "password::matrix",
    "password::store",
    "password::template",
    "ports",
    "rules",
    "schema",
];

/// The file of a module, `lib` for the crate.
fn module_text(path: &str) -> String {
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path.replace("::", "/"));
    let file = [at.join("mod.rs"), at.with_extension("rs")].into_iter().find(|file| file.is_file());
    fs::read_to_string(file.expect("the file of a module")).expect("a source file")
}

/// The modules that a file declares as `pub mod`, without those that `#[doc(hidden)]` hides.
fn shown_modules(text: &str) -> Vec<String> {
    let (mut shown, mut hidden) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("pub mod ") {
            if !hidden {
                shown.push(name.trim_end_matches([';', '{', ' ']).to_owned());
            }
            hidden = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            hidden = false;
        }
        hidden |= line == "#[doc(hidden)]";
    }
    shown
}

#[test]
fn hidden_modules_are_told_from_shown_ones() {
    let text = "pub mod a;\n#[doc(hidden)]\n#[cfg(unix)]\npub mod b;\n#[doc(hidden)]\npub use x::Y;\npub mod c;\nmod d;\n\
                pub(crate) mod e;\n#[cfg(unix)]\npub mod f {\n";
    assert_eq!(shown_modules(text), ["a", "c", "f"]);
}

#[test]
fn no_module_becomes_public_by_accident() {
    let mut found: Vec<String> = Vec::new();
    let mut unread = shown_modules(&module_text("lib"));
    while let Some(path) = unread.pop() {
        unread.extend(shown_modules(&module_text(&path)).into_iter().map(|name| format!("{path}::{name}")));
        found.push(path);
    }
    found.sort();
    assert_eq!(found, PUBLIC, "hide a new module with `#[doc(hidden)]`, or add it to PUBLIC");
}

#[test]
fn the_page_of_the_crate_names_every_public_module() {
    let text = module_text("lib");
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with("//! |")).collect();
    for name in PUBLIC.iter().filter(|name| !name.contains("::")) {
        let is_named = table.iter().any(|row| row.contains(&format!("[`{name}")));
        assert!(is_named, "the table in lib.rs does not say what `{name}` is for");
    }
}

/// Who may name the adapter that stores accounts and the ledger.
const BUILDERS: &[&str] = &["config/build.rs", "demo/world.rs"];

#[test]
fn only_builders_name_where_things_are_stored() {
    let mut named = Vec::new();
    for name in ROOMS.iter().filter(|name| **name != "adapters") {
        for (path, code) in room(name).into_iter().filter(|(path, _)| !is_test(path)) {
            let is_builder = BUILDERS.iter().any(|builder| path.ends_with(builder));
            if !is_builder && code_lines(&code).any(|line| line.contains("adapters::sqlite")) {
                named.push(path.display().to_string());
            }
        }
    }
    for (path, code) in room("adapters").into_iter().filter(|(path, _)| !is_test(path)) {
        let is_memory = path.components().any(|part| part.as_os_str() == "memory");
        if is_memory && code_lines(&code).any(|line| line.contains("adapters::sqlite")) {
            named.push(path.display().to_string());
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}

/// The lines of code, in all rooms except one, that contain one of these texts.
fn outside(home: &str, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in ROOMS.iter().filter(|name| **name != home) {
        for (path, code) in room(name).into_iter().filter(|(path, _)| !is_test(path)) {
            for line in code_lines(&code).filter(|line| texts.iter().any(|text| line.contains(text))) {
                found.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(room(home).iter().any(|(_, code)| code.contains(texts[0])), "{home} does not contain {}", texts[0]);
    found
}

#[test]
fn random_bytes_are_made_in_one_place() {
    let makers = [
        "getrandom::",
        "Salt::generate",
        "OsRng",
        "thread_rng",
        "rand::rng",
        "rand::random",
        "fastrand",
        "new_v4",
        "_v7(",
    ];
    let found = outside("random", &makers);
    assert!(found.is_empty(), "use `random::bytes`:\n{}", found.join("\n"));
}

#[test]
fn metrics_are_recorded_with_the_rows_of_the_table() {
    let found = outside("metrics", &["counter!(", "gauge!(", "histogram!("]);
    assert!(found.is_empty(), "use a row of `metrics::table`:\n{}", found.join("\n"));
}

#[test]
fn the_pure_engine_has_no_runtime_network_or_terminal() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--no-default-features", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    for name in ["tokio", "reqwest", "sqlx", "axum", "clap", "indicatif", "aws-lc-sys"] {
        assert!(!tree.lines().any(|line| line.starts_with(&format!("{name} "))), "{name} is in the pure engine");
    }
    assert!(tree.lines().any(|line| line.starts_with("rhai ")), "the tree does not look like ours");
}
