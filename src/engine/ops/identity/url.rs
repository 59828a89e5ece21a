//! `url`: checks URLs.

use url::{ParseError, Url};

use crate::engine::context::Cx;
use crate::engine::limits::MAX_TEXT_BYTES;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::engine::operand::Operand;
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const URL: OpSpec = OpSpec {
    name: "url",
    family: Family::Identity,
    summary: "checks a URL",
    details: "The URL is returned as written, without surrounding whitespace, because a signature or a cache key may \
              depend on its exact form. With `base`, URLs without a scheme are resolved and written in the normal form \
              of the WHATWG URL standard. Schemes other than `http` and `https` (`javascript:`, `data:`) must be \
              listed in `schemes`. A URL with a user name or password fails, because it would store a secret in the \
              profile.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::optional("schemes", ArgumentKind::Texts, "the allowed schemes; `http` and `https` by default"),
        ArgumentSpec::optional("base", ArgumentKind::Operand, "the base of relative URLs"),
    ],
    fails: "the text is not a URL, its scheme is not allowed, or it contains a user name or password",
    takes_nothing: false,
    examples: &[
        example("", r#"" https://example.com/a b.png?x=1 ""#, r#""https://example.com/a b.png?x=1""#),
        example(
            r#"{ base: "https://example.com/u/" }"#,
            r#""../avatar/1.png""#,
            r#""https://example.com/avatar/1.png""#,
        ),
        example("{ schemes: [ftp] }", r#""ftp://example.com/a""#, r#""ftp://example.com/a""#),
        example_failure("", r#""example.com""#),
        example_failure("", r#""javascript:alert(1)""#),
        example_failure("", r#""https://ada:secret@example.com/""#),
    ],
    build: |arguments| {
        let schemes = arguments.texts("schemes").unwrap_or_else(|| vec!["http".to_owned(), "https".to_owned()]);
        let schemes = schemes.iter().map(|scheme| scheme.trim_end_matches(':').to_ascii_lowercase()).collect();
        Ok(Box::new(CheckUrl { schemes, base: arguments.operand("base") }))
    },
};

#[derive(Debug)]
struct CheckUrl {
    schemes: Vec<String>,
    base: Option<Operand>,
}

impl Op for CheckUrl {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            return Err(Failure::new(format!("the text is empty, or longer than {MAX_TEXT_BYTES} bytes")));
        }
        // the parser would silently drop them
        if text.chars().any(char::is_control) {
            return Err(Failure::new("the text is not a URL: it contains control characters"));
        }
        match Url::parse(text) {
            Ok(url) => self.check(&url).map(|()| Value::Text(text)),
            Err(ParseError::RelativeUrlWithoutBase) => {
                let url = self.base(cx)?.join(text).map_err(not_a_url)?;
                self.check(&url)?;
                if url.as_str().len() > MAX_TEXT_BYTES {
                    return Err(Failure::new(format!("the result is longer than {MAX_TEXT_BYTES} bytes")));
                }
                Ok(cx.keep(url.as_str()))
            }
            Err(error) => Err(not_a_url(error)),
        }
    }
}

impl CheckUrl {
    fn base<'a>(&'a self, cx: &Cx<'a>) -> Result<Url, Failure> {
        let base = self.base.as_ref().ok_or_else(|| not_a_url(ParseError::RelativeUrlWithoutBase))?;
        let base = base.value(cx);
        if !base.is_present() {
            return Err(Failure::new("the argument `base` has no value"));
        }
        Url::parse(cx.text(base)?).map_err(|_| Failure::new("the argument `base` is not a URL"))
    }

    fn check(&self, url: &Url) -> Result<(), Failure> {
        if !self.schemes.iter().any(|scheme| scheme == url.scheme()) {
            return Err(Failure::new("the scheme of the URL is not allowed"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::new("the URL contains a user name or password"));
        }
        Ok(())
    }
}

fn not_a_url(error: ParseError) -> Failure {
    Failure::new(format!("the text is not a URL: {error}"))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::op::Arguments;

    #[test]
    fn valid_urls_pass_and_others_fail() {
        let cases = [
            ("https://example.com", true),
            ("HTTPS://Example.COM/ä?q=ü#x", true),
            ("http://192.0.2.1:8080/", true),
            ("http://[2001:db8::1]/", true),
            ("http://bücher.example", true),
            ("https://", false),
            ("https://exa mple.com", false),
            ("https://example.com:99999", false),
            ("https://example.com/a\nb", false),
            ("//example.com/a", false),
            ("/a/b.png", false),
            ("data:text/html,x", false),
            ("mailto:a@example.com", false),
            ("", false),
        ];
        let op = (URL.build)(&mut Arguments::default()).unwrap();
        for (text, passes) in cases {
            let arena = Bump::new();
            let result = op.apply(Value::Text(text), &Cx::bare(&arena)).ok().and_then(Value::as_text);
            assert_eq!(result, passes.then_some(text), "{text}");
        }
    }
}
