//! `format_number`: formats a number with a sign, decimals, separators and a width.

use super::exact::{Exact, number};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The largest width: no fixed-width field of an export is longer, and the limit bounds the memory of the step.
const MAX_WIDTH: i64 = 1_000;

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "format_number",
    family: Family::Number,
    summary: "formats a number as text, with a sign, decimals, separators and a width",
    details: "For fields in a fixed format: `+0012`, `-5.00`, `1.234,50`. Uses the exact decimal digits, not a binary \
              fraction; `decimals` rounds halves away from zero and appends zeros. `width` counts all characters: \
              zeros are inserted after the sign, any other `fill` before it. Without arguments, the number is written \
              in full, without an exponent and without trailing zeros of a fraction.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "decimals",
            ArgumentKind::Integer,
            "the number of decimals, 0 to 30; by default as many as the number has",
        ),
        ArgumentSpec::optional(
            "sign",
            ArgumentKind::Choice(&["negative", "always", "never"]),
            "when to write a sign; `negative` by default, `always` also writes `+`, even for zero",
        ),
        ArgumentSpec::optional("width", ArgumentKind::Integer, "the minimum number of characters, 1 to 1000"),
        ArgumentSpec::optional("fill", ArgumentKind::Text, "the character that pads to `width`; `0` by default"),
        ArgumentSpec::optional("point", ArgumentKind::Text, "the decimal point; `.` by default"),
        ArgumentSpec::optional(
            "group",
            ArgumentKind::Text,
            "the separator between groups of three digits; none by default",
        ),
    ],
    fails: "the text is not a number, or the number has more than 400 digits",
    takes_nothing: false,
    examples: &[
        example("{ sign: always }", "5", r#""+5""#),
        example("{ sign: always, width: 3 }", r#""-5""#, r#""-05""#),
        example("2", "12.5", r#""12.50""#),
        example(r#"{ decimals: 2, point: ",", group: "." }"#, "-1234567.5", r#""-1.234.567,50""#),
        example(r#"{ width: 6, fill: " " }"#, "-12", r#""   -12""#),
        example("{ sign: never }", "-1.50", r#""1.5""#),
        example("0", "-0.4", r#""0""#),
        example_failure("", r#""five""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Negative,
    Always,
    Never,
}

#[derive(Debug)]
struct FormatNumber {
    decimals: Option<u32>,
    sign: Sign,
    width: usize,
    fill: char,
    point: String,
    group: String,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let decimals = match arguments.integer("decimals") {
        None => None,
        Some(decimals) => Some(
            u32::try_from(decimals)
                .ok()
                .filter(|decimals| *decimals <= 30)
                .ok_or_else(|| ArgumentError::new("decimals", "is out of range", "give a number from 0 to 30"))?,
        ),
    };
    let width = arguments.integer("width").unwrap_or(1);
    if !(1..=MAX_WIDTH).contains(&width) {
        return Err(ArgumentError::new("width", "is out of range", format!("give a number from 1 to {MAX_WIDTH}")));
    }
    Ok(Box::new(FormatNumber {
        decimals,
        sign: match arguments.text("sign").as_deref() {
            Some("always") => Sign::Always,
            Some("never") => Sign::Never,
            _ => Sign::Negative,
        },
        width: usize::try_from(width).unwrap_or(1),
        fill: one_character(arguments, "fill", '0')?,
        point: separator(arguments, "point", ".")?,
        group: separator(arguments, "group", "")?,
    }))
}

fn one_character(arguments: &mut Arguments, name: &'static str, usual: char) -> Result<char, ArgumentError> {
    let Some(text) = arguments.text(name) else { return Ok(usual) };
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(ArgumentError::new(name, "is not one character", "give exactly one character")),
    }
}

/// At most one character, and not a digit, so that the number stays readable.
fn separator(arguments: &mut Arguments, name: &'static str, usual: &str) -> Result<String, ArgumentError> {
    let text = arguments.text(name).unwrap_or_else(|| usual.to_owned());
    if text.chars().count() > 1 || text.contains(char::is_numeric) {
        return Err(ArgumentError::new(name, "is not one character", "give one character that is not a digit"));
    }
    Ok(text)
}

impl Op for FormatNumber {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let exact = number(input)?;
        let exact = self.decimals.map_or_else(|| exact.clone(), |decimals| exact.round(decimals));
        Ok(cx.keep(&self.written(&exact)?))
    }
}

impl FormatNumber {
    fn written(&self, exact: &Exact) -> Result<String, Failure> {
        let text = exact.to_text().ok_or_else(|| Failure::new("the number has more than 400 digits"))?;
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut body = self.grouped(whole);
        let decimals = self.decimals.and_then(|decimals| usize::try_from(decimals).ok()).unwrap_or(fraction.len());
        if decimals > 0 {
            body.push_str(&self.point);
            body.push_str(fraction);
            body.extend(std::iter::repeat_n('0', decimals.saturating_sub(fraction.len())));
        }
        let sign = match (self.sign, is_negative) {
            (Sign::Never, _) | (Sign::Negative, false) => "",
            (_, true) => "-",
            (Sign::Always, false) => "+",
        };
        let lacking = self.width.saturating_sub(sign.len() + body.chars().count());
        let fill: String = std::iter::repeat_n(self.fill, lacking).collect();
        Ok(if self.fill == '0' { format!("{sign}{fill}{body}") } else { format!("{fill}{sign}{body}") })
    }

    fn grouped(&self, whole: &str) -> String {
        if self.group.is_empty() {
            return whole.to_owned();
        }
        let mut out = String::with_capacity(whole.len() + whole.len() / 3);
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push_str(&self.group);
            }
            out.push(digit);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::op::Argument;

    #[test]
    fn numbers_keep_all_their_digits() {
        let op = (ROW.build)(&mut Arguments::default()).unwrap();
        for (input, wanted) in [
            (Value::Decimal("123456789012345678901"), "123456789012345678901"),
            (Value::Decimal("1e3"), "1000"),
            (Value::Text(" +007.10 "), "7.1"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Text("-0.0"), "0"),
        ] {
            let arena = Bump::new();
            assert_eq!(op.apply(input, &Cx::bare(&arena)).unwrap().as_text(), Some(wanted));
        }
    }

    #[test]
    fn arguments_are_checked() {
        let fault = |name: &'static str, argument: Argument| {
            let mut arguments = Arguments::default();
            arguments.push(name, argument);
            build(&mut arguments).err().map(|error| error.argument)
        };
        assert_eq!(fault("decimals", Argument::Integer(31)), Some("decimals"));
        assert_eq!(fault("width", Argument::Integer(0)), Some("width"));
        assert_eq!(fault("fill", Argument::Text("ab".to_owned())), Some("fill"));
        assert_eq!(fault("point", Argument::Text("5".to_owned())), Some("point"));
        assert_eq!(fault("group", Argument::Text(String::new())), None);
    }
}
