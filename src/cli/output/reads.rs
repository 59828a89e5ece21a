//! The files that a command reads, none of which its outputs may replace.

use std::path::Path;

use super::CommandError;
use crate::cli::input::is_dash;
use crate::config;

/// What a command reads.
#[derive(Debug, Default)]
pub struct Reads<'a> {
    /// Files, each with its option.
    pub files: Vec<(&'a str, &'a Path)>,
    /// The rule file of `--rules`, with everything that it uses.
    pub rules: Option<&'a Path>,
    /// The settings file of `--config`, with everything that it names.
    pub settings: Option<&'a Path>,
}

impl Reads<'_> {
    /// Fails if an output would replace a file that the command reads or depends on, by whatever name, or if two outputs are
    /// the same file. Each output is an option and its path.
    ///
    /// # Errors
    /// The first such output.
    pub fn check(&self, outputs: &[(&str, &Path)]) -> Result<(), CommandError> {
        let rules = self.rules.map(|path| ("--rules", path));
        let settings = self.settings.map(|path| ("--config", path));
        let inputs: Vec<_> = self.files.iter().copied().chain(rules).chain(settings).collect();
        check_options(&inputs, outputs)?;
        // only a file that is there can be one of these
        let is_file = |path: &Path| !is_dash(path) && path.is_file();
        let existing: Vec<_> = outputs.iter().filter(|(_, path)| is_file(path)).collect();
        if existing.is_empty() {
            return Ok(());
        }
        for path in self.rules.map(config::files_of_rules).unwrap_or_default() {
            if let Some((option, _)) = existing.iter().find(|(_, output)| is_same_file(output, &path)) {
                return Err(in_use(option, &path, "which the rules use"));
            }
        }
        for config::NamedFile { key, path } in self.settings.map(config::named_files).unwrap_or_default() {
            if let Some((option, _)) = existing.iter().find(|(_, output)| is_same_file(output, &path)) {
                return Err(in_use(option, &path, &format!("which the settings need for `{key}`")));
            }
        }
        Ok(())
    }
}

fn in_use(option: &str, path: &Path, why: &str) -> CommandError {
    CommandError::new(format!("`{option}` is `{}`, {why}", path.display()))
        .help(format!("choose another path for `{option}`; `--force` does not replace what a command depends on"))
}

/// Fails if an output is an input or another output.
fn check_options(inputs: &[(&str, &Path)], outputs: &[(&str, &Path)]) -> Result<(), CommandError> {
    for (at, (one, path)) in outputs.iter().enumerate() {
        for (other, other_path) in inputs.iter().chain(outputs.iter().take(at)) {
            // standard input and standard output are two streams
            let is_stream = is_dash(path) && is_dash(other_path) && *other != "--in";
            if *path == Path::new("/dev/null") {
                continue;
            }
            if is_stream || (!is_dash(path) && is_same_file(path, other_path)) {
                let message = format!("`{one}` and `{other}` are the same file");
                return Err(CommandError::new(message).help(format!("use a different path for `{one}`")));
            }
        }
    }
    Ok(())
}

/// Whether two paths are one file, by whatever name.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (std::fs::metadata(one), std::fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt as _;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        // files that do not exist yet can only be compared by name
        _ => one == other,
    }
}

#[cfg(test)]
#[path = "reads_tests.rs"]
mod tests;
