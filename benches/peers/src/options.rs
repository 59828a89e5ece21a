//! The options of the command line.

/// What may be written on the command line.
pub const USAGE: &str = "\
usage: landfall-peers [--rounds N] [--records N] [--json FILE] [--strict]

  --rounds N    how often each engine has its turn; the figures are medians (9)
  --records N   how many different records there are (100000)
  --json FILE   write the figures for a script
  --strict      fail when a goal is missed";

/// What is measured, and how.
#[derive(Debug)]
pub struct Options {
    /// How often each engine has its turn.
    pub rounds: usize,
    /// How many different records there are.
    pub records: u64,
    /// Where the figures are written for a script.
    pub json: Option<String>,
    /// Whether a missed goal is a failure.
    pub strict: bool,
}

impl Options {
    /// Reads the arguments behind the program's name.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { rounds: 9, records: 100_000, json: None, strict: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = number(&argument, arguments.next())?,
                "--records" => options.records = number(&argument, arguments.next())?,
                "--json" => options.json = Some(arguments.next().ok_or("`--json` takes a file")?),
                "--strict" => options.strict = true,
                other => return Err(format!("`{other}` is no option")),
            }
        }
        Ok(options)
    }
}

/// A number of at least 1.
fn number<T: std::str::FromStr + PartialOrd + From<u8>>(option: &str, text: Option<String>) -> Result<T, String> {
    let number = text.and_then(|text| text.parse().ok()).filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("`{option}` takes a number of at least 1"))
}
