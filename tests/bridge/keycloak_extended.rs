//! A copy of the distribution of Keycloak with an extension, which is compiled from Java sources and built into it. Every state
//! of the sources has a copy of its own in the folder of the build, because building takes longer than starting.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::servers::keycloak::{DISTRIBUTION, java};
use crate::servers::programs::{cached, program};

/// A JAR file that is taken in place of what would be compiled, such as that of the real plugin.
const OTHER: &str = "LANDFALL_KEYCLOAK_EXTENSION";

/// The folder of the distribution with the extension of a folder: packages with sources, and `META-INF`.
pub fn extended(sources: &Path) -> PathBuf {
    let other = std::env::var_os(OTHER).filter(|path| !path.is_empty()).map(PathBuf::from);
    let files = other.clone().map_or_else(|| files(sources), |other| vec![other]);
    let mut hasher = DefaultHasher::new();
    for file in &files {
        (file, fs::read(file).expect("a file")).hash(&mut hasher);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.join(format!("{DISTRIBUTION}-{:016x}", hasher.finish()));
    if !folder.exists() {
        let work = tempfile::tempdir_in(target).expect("a folder");
        let (copy, jar) = (work.path().join("copy"), work.path().join("extension.jar"));
        match &other {
            Some(other) => drop(fs::copy(other, &jar).expect("the extension")),
            None => compile(sources, &files, work.path(), &jar),
        }
        build(&copy, &jar);
        // another run may have been faster
        assert!(fs::rename(&copy, &folder).is_ok() || folder.exists(), "{}", folder.display());
    }
    folder
}

/// All files below a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn compile(sources: &Path, files: &[PathBuf], work: &Path, jar: &Path) {
    let classes = work.join("classes");
    let libraries = cached(DISTRIBUTION).join("lib/lib/main/*");
    let java = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "java"));
    run(Command::new(program("javac"))
        .args(["--release", "17", "-d"])
        .arg(&classes)
        .arg("-cp")
        .arg(libraries)
        .args(java));
    let mut pack = Command::new(program("jar"));
    pack.args(["--create", "--file"]).arg(jar).arg("-C").arg(&classes).arg(".");
    run(pack.arg("-C").arg(sources).arg("META-INF"));
}

/// What `kc.sh build` does, without its own folder.
fn build(copy: &Path, jar: &Path) {
    let distribution = cached(DISTRIBUTION);
    for folder in ["lib/quarkus", "providers"] {
        fs::create_dir_all(copy.join(folder)).expect("a folder");
    }
    for part in ["conf", "themes", "lib/lib", "lib/app"] {
        symlink(distribution.join(part), copy.join(part)).expect("a link");
    }
    // Keycloak builds where this file is, even if a link leads to it
    let program = "lib/quarkus-run.jar";
    fs::copy(distribution.join(program), copy.join(program)).expect("a copy");
    for file in files(&distribution.join("lib/quarkus")) {
        let name = file.file_name().expect("a name");
        fs::copy(&file, copy.join("lib/quarkus").join(name)).expect("a copy");
    }
    fs::copy(jar, copy.join("providers/extension.jar")).expect("a copy");
    run(java(copy, false).args(["build", "--db=dev-file", "--health-enabled=true"]).current_dir(copy));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
}
