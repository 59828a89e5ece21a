//! Template text → syntax tree with byte ranges.

use std::ops::Range;

use super::Template;
use super::error::{TemplateError, TemplateProblem};

/// An expression as written.
#[derive(Debug)]
pub(super) struct Syntax<'t> {
    pub range: Range<usize>,
    pub kind: SyntaxKind<'t>,
}

/// The kinds of expressions.
#[derive(Debug)]
pub(super) enum SyntaxKind<'t> {
    Literal(String),
    /// Decimal digits, not yet read as a number.
    Number(&'t str),
    /// The name without its `$`.
    Variable(&'t str),
    Call {
        name: &'t str,
        name_range: Range<usize>,
        arguments: Vec<Syntax<'t>>,
    },
    Join(Vec<Syntax<'t>>),
}

/// Reads a whole template.
pub(super) fn parse(text: &str) -> Result<Syntax<'_>, TemplateError> {
    if text.len() > Template::MAX_TEXT {
        let message = format!("a template can have at most {} bytes, this one has {}", Template::MAX_TEXT, text.len());
        return Err(TemplateError::new(TemplateProblem::TooLong, 0..text.len(), message));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_space();
    if parser.peek().is_none() {
        return Err(
            syntax_error(0..text.len(), "the template is empty").help("for example, write `md5($salt . $pass)`")
        );
    }
    let syntax = parser.join()?;
    match parser.peek() {
        None => Ok(syntax),
        Some(')') => Err(syntax_error(parser.here(), "unmatched closing parenthesis")),
        Some(_) => Err(parser.unexpected()),
    }
}

fn syntax_error(range: Range<usize>, message: impl Into<String>) -> TemplateError {
    TemplateError::new(TemplateProblem::Syntax, range, message)
}

struct Parser<'t> {
    text: &'t str,
    /// INVARIANT: a character boundary of `text`.
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_space(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The range of the next character, empty at the end.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    fn join(&mut self) -> Result<Syntax<'t>, TemplateError> {
        let first = self.term()?;
        if self.peek() != Some('.') {
            return Ok(first);
        }
        let start = first.range.start;
        let mut parts = vec![first];
        while self.peek() == Some('.') {
            self.advance();
            self.skip_space();
            parts.push(self.term()?);
        }
        let end = parts.last().map_or(start, |part| part.range.end);
        Ok(Syntax { range: start..end, kind: SyntaxKind::Join(parts) })
    }

    /// One value and the space after it.
    fn term(&mut self) -> Result<Syntax<'t>, TemplateError> {
        self.depth += 1;
        if self.depth > Template::MAX_DEPTH {
            let message = format!("the template is nested more than {} levels deep", Template::MAX_DEPTH);
            return Err(TemplateError::new(TemplateProblem::TooDeep, self.here(), message));
        }
        let term = match self.peek() {
            Some('$') => self.variable(),
            Some('\'') => self.literal(),
            Some('(') => self.group(),
            Some(c) if c.is_ascii_digit() => Ok(self.number()),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.call(),
            _ => Err(self.no_value()),
        }?;
        self.depth -= 1;
        self.skip_space();
        Ok(term)
    }

    fn name(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn variable(&mut self) -> Result<Syntax<'t>, TemplateError> {
        let start = self.at;
        self.advance();
        let name = self.name();
        if name.is_empty() {
            return Err(syntax_error(start..self.at, "a variable needs a name after `$`").help(VARIABLES));
        }
        Ok(Syntax { range: start..self.at, kind: SyntaxKind::Variable(name) })
    }

    fn number(&mut self) -> Syntax<'t> {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        Syntax { range: start..self.at, kind: SyntaxKind::Number(digits) }
    }

    /// A literal, with the two escapes of PHP.
    fn literal(&mut self) -> Result<Syntax<'t>, TemplateError> {
        let start = self.at;
        self.advance();
        let mut value = String::new();
        loop {
            value.push_str(self.take_while(|c| !matches!(c, '\'' | '\\')));
            let escape = self.rest().strip_prefix('\\').and_then(|rest| rest.chars().next());
            match (self.peek(), escape) {
                (Some('\''), _) => break,
                (Some(_), Some(escaped @ ('\'' | '\\'))) => {
                    value.push(escaped);
                    self.advance();
                }
                (Some(other), _) => value.push(other),
                (None, _) => {
                    let error = syntax_error(start..self.text.len(), "this literal is not closed");
                    return Err(error.help("end it with `'`; write a quote inside as `\\'`"));
                }
            }
            self.advance();
        }
        self.advance();
        Ok(Syntax { range: start..self.at, kind: SyntaxKind::Literal(value) })
    }

    fn group(&mut self) -> Result<Syntax<'t>, TemplateError> {
        let open = self.here();
        self.advance();
        self.skip_space();
        let inner = self.join()?;
        self.close(open)?;
        Ok(inner)
    }

    fn call(&mut self) -> Result<Syntax<'t>, TemplateError> {
        let start = self.at;
        let name = self.name();
        let name_range = start..self.at;
        self.skip_space();
        if self.peek() != Some('(') {
            let error = syntax_error(name_range, format!("`{name}` is neither a variable nor a call"));
            return Err(error.help(format!("write `${name}`, `{name}(…)` or `'{name}'`")));
        }
        let open = self.here();
        self.advance();
        self.skip_space();
        let mut arguments = Vec::new();
        if self.peek() != Some(')') {
            arguments.push(self.argument(&open)?);
            while self.peek() == Some(',') {
                self.advance();
                self.skip_space();
                arguments.push(self.argument(&open)?);
            }
        }
        self.close(open)?;
        Ok(Syntax { range: start..self.at, kind: SyntaxKind::Call { name, name_range, arguments } })
    }

    fn argument(&mut self, open: &Range<usize>) -> Result<Syntax<'t>, TemplateError> {
        if self.peek().is_none() {
            return Err(not_closed(open.clone()));
        }
        self.join()
    }

    fn close(&mut self, open: Range<usize>) -> Result<(), TemplateError> {
        match self.peek() {
            Some(')') => {
                self.advance();
                Ok(())
            }
            None => Err(not_closed(open)),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// The error if a value must begin here.
    fn no_value(&self) -> TemplateError {
        match self.peek() {
            None => syntax_error(self.here(), "expected a value, found the end of the template"),
            Some('"') => syntax_error(self.here(), "literals must be in single quotes"),
            Some(c @ (')' | ',' | '.')) => syntax_error(self.here(), format!("expected a value before `{c}`")),
            Some(c) => syntax_error(self.here(), format!("a value cannot begin with `{}`", c.escape_debug())),
        }
    }

    /// The error after the end of a value.
    fn unexpected(&self) -> TemplateError {
        match self.peek() {
            Some('+' | '&' | '|') => syntax_error(self.here(), "join values with `.`"),
            Some(',') => syntax_error(self.here(), "only arguments of a function can be separated by `,`"),
            Some(c) => syntax_error(self.here(), format!("unexpected `{}`", c.escape_debug()))
                .help("join values with `.`, separate arguments with `,`"),
            None => syntax_error(self.here(), "the template ends too early"),
        }
    }
}

fn not_closed(open: Range<usize>) -> TemplateError {
    syntax_error(open, "this parenthesis is not closed").help("add `)`")
}

/// Help text that lists the variables.
pub(super) const VARIABLES: &str =
    "the variables are `$pass`, `$salt`, `$user`, `$pepper`, and `$_` in the step of a `repeat`";
