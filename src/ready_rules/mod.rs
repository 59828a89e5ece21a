//! The ready rules inside the program: the rule files of legacy systems, targets and bridges, with everything that they
//! use.
//!
//! They are the files below `rules/` of the source code, embedded by `build.rs`. [`all`] lists them, [`Ready::plan`]
//! compiles one, [`Ready::files`] finds the files that it needs on the disk, and [`fit`](fn@fit) says which ones fit the
//! records of an export.

mod about;
mod files;
mod fit;

use std::collections::BTreeSet;

pub use files::ReadyFile;
pub use fit::{Fit, MAX_SAMPLES, fit};

use crate::diag::{Files, Findings};
use crate::engine::compile::compile;
use crate::engine::plan::Plan;

/// All files, by their paths below `rules/`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The folder of the files in findings, and in the source code.
const FOLDER: &str = "rules";

/// How the file of tests of `NAME.yaml` ends.
const TESTS: &str = ".test.yaml";

/// The rules of the fictional shop of `landfall demo`, which no export comes from.
const DEMO: &str = "demo";

/// What ready rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// They make accounts from the records of a legacy system.
    Legacy,
    /// They make what a product stores from an account.
    Target,
    /// They make the answer to a product that asks at a login.
    Bridge,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Legacy, Self::Target, Self::Bridge];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Target => "target",
            Self::Bridge => "bridge",
        }
    }

    /// The folder of its rule files below `rules/`, with a slash; empty for legacy systems.
    fn folder(self) -> &'static str {
        match self {
            Self::Legacy => "",
            Self::Target => "targets/",
            Self::Bridge => "bridges/",
        }
    }
}

/// A rule file inside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// What it is for.
    pub kind: Kind,
    /// Its name, as `landfall rules copy` takes it: `keycloak`, `targets/keycloak`, `bridges/keycloak`.
    pub name: &'static str,
    /// Its path below `rules/`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All ready rules: those of legacy systems, of targets, and of bridges, each in the order of their names.
pub fn all() -> impl Iterator<Item = Ready> {
    Kind::ALL.into_iter().flat_map(|kind| FILES.iter().filter_map(move |(path, text)| ready(kind, path, text)))
}

/// The ready rules of this name.
#[must_use]
pub fn find(name: &str) -> Option<Ready> {
    all().find(|ready| ready.name == name)
}

/// The names that are written like this one, the most similar first, at most three.
#[must_use]
pub fn similar(name: &str) -> Vec<&'static str> {
    let wanted = name.to_lowercase();
    let wanted = wanted.trim_end_matches(".yaml").trim_start_matches("rules/");
    let likeness = |have: &str| {
        let last = have.rsplit('/').next().unwrap_or(have);
        let is_part = wanted.len() >= 3 && (have.contains(wanted) || wanted.contains(last));
        let whole = strsim::jaro_winkler(wanted, have).max(strsim::jaro_winkler(wanted, last));
        if is_part { whole.max(0.9) } else { whole }
    };
    let mut found: Vec<(f64, &'static str)> = all().map(|ready| (likeness(ready.name), ready.name)).collect();
    found.retain(|(likeness, _)| *likeness >= 0.87);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    found.into_iter().map(|(_, name)| name).take(3).collect()
}

/// The text of an embedded file, by its path below `rules/`.
pub(crate) fn text(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(have, _)| *have == path).map(|(_, text)| *text)
}

fn ready(kind: Kind, path: &'static str, text: &'static str) -> Option<Ready> {
    let rest = path.strip_prefix(kind.folder())?;
    if rest.contains('/') || path.ends_with(TESTS) {
        return None;
    }
    Some(Ready { kind, name: path.strip_suffix(".yaml")?, path, text })
}

impl Ready {
    /// The legacy system that it is for: `Auth0`. `None` if the head comment of the file does not say, and for targets and
    /// bridges, whose names are those of their products.
    #[must_use]
    pub fn product(&self) -> Option<String> {
        if self.kind == Kind::Legacy { about::product(self.text) } else { None }
    }

    /// One sentence about it: the first one of the head comment, or `about` if there is no comment.
    #[must_use]
    pub fn sentence(&self) -> String {
        about::sentence(self.text)
    }

    /// The forms of records that it reads, as the head comment lists them; empty for targets and bridges, which read
    /// accounts.
    #[must_use]
    pub fn formats(&self) -> Vec<String> {
        if self.kind == Kind::Legacy { about::formats(self.text) } else { Vec::new() }
    }

    /// Compiles it. `None` would be a bug, which the tests of this program detect.
    #[must_use]
    pub fn plan(&self) -> Option<Plan> {
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add(format!("{FOLDER}/{}", self.path), self.text);
        compile(&mut files, file, &files::Embedded::default(), &mut findings)
    }

    /// The files that it needs on the disk: itself, what it uses, its tests, and the records of those, in the order of
    /// their paths.
    #[must_use]
    pub fn files(&self) -> Vec<ReadyFile> {
        let paths: BTreeSet<&'static str> = files::needed(self);
        paths.into_iter().filter_map(|path| Some(ReadyFile { path, text: text(path)? })).collect()
    }
}

#[cfg(test)]
mod tests;
