//! What `landfall demo --keep` puts beside its databases: settings, rules and an export, so that every command works on them.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folder::Folder;

/// The files and their texts, by their paths in the folder.
const FILES: &[(&str, &str)] = &[
    (SETTINGS, include_str!("kept/landfall.yaml")),
    ("rules/demo.yaml", include_str!("../../rules/demo.yaml")),
    ("rules/demo.test.yaml", include_str!("../../rules/demo.test.yaml")),
    ("rules/common/contact.yaml", include_str!("../../rules/common/contact.yaml")),
    ("rules/records/demo.json", include_str!("../../rules/records/demo.json")),
];

/// The name of the settings file.
const SETTINGS: &str = "landfall.yaml";

/// The name of the file with all records of the shop.
pub const EXPORT: &str = "customers.ndjson";

/// The path of the settings file in a folder.
#[must_use]
pub fn settings(folder: &Path) -> PathBuf {
    folder.join(SETTINGS)
}

/// The address in the settings file, in which the address of the demo stands then.
const LISTEN: &str = "listen: 127.0.0.1:8080\n";

/// Writes the files that are missing; others may have been changed by their owner. `listen` is the address of the demo; one
/// with a port that the system chooses stays out of the settings.
///
/// # Errors
/// The error of the operating system.
pub fn write(folder: &Folder, listen: SocketAddr) -> io::Result<()> {
    for (name, text) in FILES {
        let text = match *name == SETTINGS && listen.port() != 0 {
            true => text.replacen(LISTEN, &format!("listen: {listen}\n"), 1),
            false => (*text).to_owned(),
        };
        write_missing(&folder.file(name), &text)?;
    }
    Ok(())
}

/// Writes a whole file that other users cannot read, unless it exists.
///
/// # Errors
/// The error of the operating system.
pub fn write_missing(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        // somebody else was faster
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        written => written.map(drop).map_err(|error| error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::shop;

    #[test]
    fn files_are_written_once() {
        let around = tempfile::tempdir().unwrap();
        let folder = Folder::kept(&around.path().join("demo")).unwrap();
        let listen = "[::1]:9443".parse().unwrap();
        write(&folder, listen).unwrap();
        let path = settings(folder.path());
        assert!(
            fs::read_to_string(&path).unwrap().contains(&shop::usual_hash().unwrap()),
            "the decoy is the usual hash"
        );
        assert!(fs::read_to_string(&path).unwrap().contains("\nlisten: [::1]:9443\n"));
        fs::write(&path, "mine").unwrap();
        write(&folder, listen).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert!(folder.file("rules/common/contact.yaml").is_file());
    }
}
