//! `domain`: internet domain names, in their ASCII or Unicode form.

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The argument for the form of internationalized names.
pub(super) const IDN: ArgumentSpec = ArgumentSpec::optional(
    "idn",
    ArgumentKind::Choice(&["ascii", "unicode", "keep"]),
    "the form of names outside ASCII: `ascii` (`xn--…`, the default), `unicode`, or unchanged",
);

/// The row of the step table.
pub const DOMAIN: OpSpec = OpSpec {
    name: "domain",
    family: Family::Identity,
    summary: "checks a domain name and converts it to lower case",
    details: "International names are written in ASCII (`xn--…`, UTS 46 as in RFC 5891) unless `idn` is set, so that \
              each domain has a single spelling. A name needs at least two parts, and the last one must not be a \
              number; a trailing dot is removed.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[IDN],
    fails: "the text is not a domain name with at least two parts",
    takes_nothing: false,
    examples: &[
        example("", r#"" Example.COM. ""#, r#""example.com""#),
        example("", r#""bücher.example""#, r#""xn--bcher-kva.example""#),
        example("{ idn: unicode }", r#""xn--bcher-kva.example""#, r#""bücher.example""#),
        example_failure("", r#""localhost""#),
        example_failure("", r#""192.0.2.1""#),
    ],
    build: |arguments| Ok(Box::new(Domain(Idn::of(arguments)))),
};

/// The form of names outside ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idn {
    Ascii,
    Unicode,
    Keep,
}

impl Idn {
    /// The form given in the arguments.
    pub(super) fn of(arguments: &mut Arguments) -> Self {
        match arguments.text("idn").as_deref() {
            Some("unicode") => Self::Unicode,
            Some("keep") => Self::Keep,
            _ => Self::Ascii,
        }
    }

    /// Checks the domain name and writes it in lower case, in this form.
    pub(super) fn write(self, name: &str) -> Result<Cow<'_, str>, Failure> {
        let wrong = || Failure::new("the text is not a domain name");
        let ascii = Uts46::new()
            .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| wrong())?;
        let last = ascii.rsplit_once('.').ok_or_else(|| Failure::new("the domain name has only one part"))?.1;
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Failure::new("the last part of the domain name is a number"));
        }
        match self {
            Self::Ascii => Ok(ascii),
            Self::Unicode => {
                let (unicode, errors) =
                    Uts46::new().to_unicode(name.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
                errors.map(|()| unicode).map_err(|_| wrong())
            }
            Self::Keep => Ok(Cow::Owned(name.to_lowercase())),
        }
    }
}

#[derive(Debug)]
struct Domain(Idn);

impl Op for Domain {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        // the longest name has 253 characters (RFC 1035 §2.3.4), each of up to four bytes in UTF-8
        if text.len() > 4 * 254 {
            return Err(Failure::new("the text is longer than a domain name can be"));
        }
        Ok(match self.0.write(text.strip_suffix('.').unwrap_or(text))? {
            Cow::Borrowed(name) => Value::Text(name),
            Cow::Owned(name) => cx.keep(&name),
        })
    }
}
