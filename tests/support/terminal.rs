//! Follows a page as its readers do: runs its commands in order, as in one terminal, and compares what they print.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::pages::Block;
use crate::pattern::is_like;

/// The address of the service in the pages.
const DOCUMENTED: &str = "127.0.0.1:8080";

/// What a shell does before and after a block, so that blocks share their variables.
const BEFORE: &str = "set -e\nif [ -f .exported ]; then . ./.exported; fi\n";
const AFTER: &str = "\nexport -p > .exported\n";

/// A terminal in a folder.
pub struct Terminal<'a> {
    folder: &'a Path,
    /// Where the service listens, once it does.
    pub address: String,
    printed: Option<String>,
}

impl<'a> Terminal<'a> {
    pub fn new(folder: &'a Path) -> Self {
        Self { folder, address: DOCUMENTED.to_owned(), printed: None }
    }

    /// Runs a block `sh run`, and compares a block `text` or `json` with what the last command printed.
    pub fn follow(&mut self, block: &Block) {
        match block.info.as_str() {
            "sh run" => self.run(block),
            "text" | "json" => self.compare(block),
            _ => self.printed = None,
        }
    }

    /// What a command printed that does not end.
    pub fn prints(&mut self, text: &str) {
        self.printed = Some(text.to_owned());
    }

    fn run(&mut self, block: &Block) {
        let program = Path::new(env!("CARGO_BIN_EXE_landfall")).parent().expect("its folder").display();
        let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
        let script = format!("{BEFORE}{}{AFTER}", block.text.replace(DOCUMENTED, &self.address));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(self.folder)
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        let output = shell.output().expect("a shell");
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
        assert!(output.status.success(), "{}: {out}\n{err}", block.place);
        self.printed = Some(out);
    }

    fn compare(&mut self, block: &Block) {
        let Some(printed) = self.printed.take() else { return };
        let shown = block.text.replace(DOCUMENTED, &self.address);
        assert!(is_like(printed.trim(), shown.trim()), "{}: the command prints\n{printed}", block.place);
    }
}
