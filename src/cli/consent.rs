//! Asks before something is deleted that nobody can bring back.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::CommandError;

/// Whether a command asks, and whether it does anything.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Consent {
    /// Do it without asking, for scripts
    #[arg(long)]
    yes: bool,
    /// Only show what would be done, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is wanted.
    Do,
    /// Only what would be done was wanted.
    Show,
    /// Somebody was asked, and did not say yes.
    Leave,
}

impl Consent {
    /// Whether what would be done is shown first.
    pub(super) fn shows(self) -> bool {
        !self.yes
    }

    /// Fails if somebody would have to be asked, and nobody can.
    ///
    /// # Errors
    /// Without a terminal, unless the arguments answer the question.
    pub(super) fn check(self) -> Result<(), CommandError> {
        let answers = self.yes || self.dry_run || io::stdin().is_terminal();
        if answers { Ok(()) } else { Err(nobody()) }
    }

    /// Asks, unless the arguments answer the question.
    ///
    /// # Errors
    /// If nobody can be asked.
    pub(super) fn ask(self, question: &str) -> Result<Verdict, CommandError> {
        match self {
            Self { dry_run: true, .. } => Ok(Verdict::Show),
            Self { yes: true, .. } => Ok(Verdict::Do),
            _ if !io::stdin().is_terminal() => Err(nobody()),
            _ => {
                anstream::eprint!("{question} [y/N] ");
                io::stderr().flush()?;
                let mut answer = String::new();
                io::stdin().lock().read_line(&mut answer)?;
                if is_yes(&answer) {
                    return Ok(Verdict::Do);
                }
                anstream::eprintln!("nothing was changed");
                Ok(Verdict::Leave)
            }
        }
    }
}

fn nobody() -> CommandError {
    CommandError::new("there is no terminal to ask on, so nothing was changed")
        .help("add `--yes` to do it without asking, or `--dry-run` to see what would be done")
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, wanted) in
            [("y\n", true), ("YES\r\n", true), ("", false), ("\n", false), ("no\n", false), ("ye\n", false)]
        {
            assert_eq!(is_yes(answer), wanted, "{answer:?}");
        }
    }

    #[test]
    fn arguments_answer_the_question() {
        let ask = |yes, dry_run| Consent { yes, dry_run }.ask("delete?").unwrap();
        assert_eq!((ask(true, false), ask(false, true)), (Verdict::Do, Verdict::Show));
    }
}
