//! Templates with known digests, errors with their positions, and properties.

use proptest::prelude::*;

use super::{Template, TemplateEvaluateError, TemplateInput, TemplateProblem};

const INPUT: TemplateInput<'static> =
    TemplateInput { pass: b"hashcat", salt: b"136472", user: b"UserA", pepper: b"pepper" };

fn value(text: &str, input: &TemplateInput<'_>) -> Result<Vec<u8>, TemplateEvaluateError> {
    let template = Template::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    template.evaluate(input).map(|bytes| bytes.to_vec())
}

fn pass(text: &str, pass: &str) -> Vec<u8> {
    value(text, &TemplateInput { pass: pass.as_bytes(), ..INPUT }).expect(text)
}

#[test]
fn known_digests() {
    // RFC 1321, RFC 1320, FIPS 180-4, FIPS 202 and RIPEMD-160 test values for "abc"; RFC 2202 and 4231 case 2 for HMAC.
    for (text, expected) in [
        ("md5($pass)", "900150983cd24fb0d6963f7d28e17f72"),
        ("md4($pass)", "a448017aaf21d8525fc10ae87aa6729d"),
        ("sha1($pass)", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha224($pass)", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("sha256($pass)", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("sha512_256($pass)", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        ("ripemd160($pass)", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        ("sha3_256($pass)", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (
            "whirlpool($pass)",
            "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
        ),
        ("blake2s($pass)", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
        ("hex(sha1_bin($pass))", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("hmac_md5('Jefe', 'what do ya want for nothing?' . left($pass, 0))", "750c783e6ab0b503eaa86e310a5db738"),
        (
            "hmac_sha1('Jefe', 'what do ya want for nothing?' . left($pass, 0))",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            "hmac_sha256('Jefe', 'what do ya want for nothing?' . left($pass, 0))",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ] {
        assert_eq!(String::from_utf8(pass(text, "abc")).unwrap(), expected, "{text}");
    }
}

#[test]
fn hashcat_examples() {
    // The examples of hashcat 6.2.6 for the password "hashcat", with their modes.
    for (text, salt, expected) in [
        ("md5(md5($pass))", "", "a936af92b0ae20b1ff6c3347a72e5fbe"), // 2600
        ("md5(md5(md5($pass)))", "", "9882d0778518b095917eb589f6998441"), // 3500
        ("repeat(2, md5($pass), md5($_))", "", "9882d0778518b095917eb589f6998441"),
        ("md5(md5($pass) . $salt)", "308", "28f9975808ae2bdc5847b1cda26033ea"), // 2611
        ("md5(utf16le($pass) . $salt)", "687430237020", "1169500a7dfece72e1f7fc9c9410867a"), // 30
        ("sha1($salt . sha1($pass . $salt))", "ThisIsATestSalt", "94520b02c04e79e08a75a84c2a6e3ed4e3874fe8"), // 24300
        ("hmac_md5($pass, $salt)", "40", "e28e4e37e972a945e464b5226053bac0"),   // 50
        ("hmac_sha1($salt, $pass)", "2134817", "8d7cb4d4a27a438059bb83a34d1e6cc439669168"), // 160
        ("sha256(sha256_bin($pass))", "", "0cc1b58a543f372327aa0281e97ab56e345267ee46feabf7709515debb7ec43c"), // 21400
        ("sha3_256($pass)", "", "d60fcf6585da4e17224f58858970f0ed5ab042c3916b76b0b828e62eaf636cbd"), // 17400
    ] {
        let input = TemplateInput { salt: salt.as_bytes(), ..INPUT };
        assert_eq!(String::from_utf8(value(text, &input).unwrap()).unwrap(), expected, "{text}");
    }
}

#[test]
fn text_functions() {
    for (text, given, expected) in [
        ("$pass", "as is", "as is".as_bytes()),
        ("'a\\'b\\\\c\\d' . $pass", "!", b"a'b\\c\\d!"),
        ("upper($pass)", "straße", "STRASSE".as_bytes()),
        ("lower($pass)", "ÅNG", "ång".as_bytes()),
        ("trim($pass)", " \t a b\0\u{b}\r\n", b"a b"),
        ("trim($pass)", " \t", b""),
        ("utf16le($pass)", "é😀", b"\xe9\x00\x3d\xd8\x00\xde"),
        ("latin1($pass)", "Æsir", b"\xc6sir"),
        ("cp1252($pass)", "€Æ\u{81}ž", b"\x80\xc6\x81\x9e"),
        ("nfc($pass)", "e\u{301}", "é".as_bytes()),
        ("nfkc($pass)", "ﬁ①", b"fi1"),
        ("hex($pass)", "\u{0}j~", b"006a7e"),
        ("unhex($pass)", "00fFa1", b"\x00\xff\xa1"),
        ("base64($pass)", "ab>?", b"YWI+Pw=="),
        ("unbase64($pass)", "YWI-Pw", b"ab>?"),
        ("unbase64($pass)", "YWI+Pw==", b"ab>?"),
        ("addslashes($pass)", "O'B\"r\\\0", b"O\\'B\\\"r\\\\\\0"),
        ("htmlspecialchars($pass)", "O'B\"<&>é", "O'B&quot;&lt;&amp;&gt;é".as_bytes()),
        ("substr($pass, 1, 2)", "abcd", b"bc"),
        ("substr($pass, 3, 9)", "abcd", b"d"),
        ("substr($pass, 9, 1)", "abcd", b""),
        ("left($pass, 2)", "abcd", b"ab"),
        ("lower($user) . ('-' . $pass)", "x", b"usera-x"),
        ("repeat(3, $pass, $_ . '.')", "x", b"x..."),
        ("repeat(0, $pass, md5($_))", "x", b"x"),
        ("repeat(2, '', repeat(2, $_ . '<', $_ . $pass) . '>')", "x", b"<xx><xx>"),
    ] {
        assert_eq!(pass(text, given), expected, "{text} of {given:?}");
    }
}

#[test]
fn values_that_do_not_fit() {
    use TemplateEvaluateError::{NotBase64, NotEncodable, NotHex, NotText, TooLarge, TooMuchWork};
    for (text, given, expected) in [
        ("unhex($pass)", b"abc".as_slice(), NotHex),
        ("unhex($pass)", b"zz", NotHex),
        ("unbase64($pass)", b"a", NotBase64),
        ("utf16le($pass)", b"\xff", NotText("utf16le")),
        ("latin1($pass)", "ł".as_bytes(), NotEncodable("latin1")),
        ("cp1252($pass)", "ł".as_bytes(), NotEncodable("cp1252")),
        ("repeat(20, $pass, $_ . $_)", b"x", TooLarge),
        ("repeat(1000000, md5($pass), md5($_ . $pass))", &[b'x'; 4096], TooMuchWork),
    ] {
        assert_eq!(value(text, &TemplateInput { pass: given, ..INPUT }), Err(expected), "{text}");
        assert_eq!(expected.is_limit(), matches!(expected, TooLarge | TooMuchWork));
    }
}

#[test]
fn mistakes_and_their_places() {
    use TemplateProblem::{
        Arguments, PasswordUnused, Placement, Syntax, TooCostly, TooDeep, UnknownFunction, UnknownVariable,
    };
    for (text, problem, range, message) in [
        ("", Syntax, 0..0, "the template is empty"),
        ("md5($pass", Syntax, 3..4, "this parenthesis is not closed"),
        ("md5(", Syntax, 3..4, "this parenthesis is not closed"),
        ("md5($pass) )", Syntax, 11..12, "unmatched closing parenthesis"),
        ("md5($pass) $salt", Syntax, 11..12, "unexpected `$`"),
        ("$pass + $salt", Syntax, 6..7, "join values with `.`"),
        ("$pass .", Syntax, 7..7, "expected a value, found the end of the template"),
        ("md5(pass)", Syntax, 4..8, "`pass` is neither a variable nor a call"),
        ("$pass . 'a", Syntax, 8..10, "this literal is not closed"),
        ("$pass . \"a\"", Syntax, 8..9, "literals must be in single quotes"),
        ("md5(,)", Syntax, 4..5, "expected a value before `,`"),
        ("é", Syntax, 0..2, "a value cannot begin with `é`"),
        ("md6($pass)", UnknownFunction, 0..3, "there is no function `md6`"),
        ("md5($nope)", UnknownVariable, 4..9, "there is no variable `$nope`"),
        ("md5()", Arguments, 0..3, "`md5` takes 1 argument, not 0"),
        ("hmac_md5($pass)", Arguments, 0..14, "`hmac_md5` takes 2 arguments, not 1"),
        ("md5(5 . $pass)", Arguments, 4..5, "expected bytes, found the number `5`"),
        ("repeat($salt, $pass, $_)", Arguments, 7..12, "the argument `n` must be a literal whole number"),
        ("left($pass, 99999999)", Arguments, 12..20, "the argument `n` can be at most 65536 bytes"),
        ("md5($_ . $pass)", Placement, 4..6, "`$_` only has a value in the step of a `repeat`"),
        ("$salt", PasswordUnused, 0..5, "the template does not use `$pass`"),
        ("repeat(4000000000, md5($pass), md5($_))", TooCostly, 7..17, "a `repeat` can have at most 1000000 rounds"),
        (
            &format!("repeat({}, $pass, $_)", "9".repeat(40)),
            TooCostly,
            7..47,
            "a `repeat` can have at most 1000000 rounds",
        ),
        (
            "repeat(1000000, $pass, repeat(1000000, $_, md5($_)))",
            TooCostly,
            0..52,
            "the template runs 2000001000000 functions and rounds, above the limit of 8000000",
        ),
        (&"md5(".repeat(99), TooDeep, 128..129, "the template is nested more than 32 levels deep"),
    ] {
        let error = Template::compile(text).expect_err(text);
        assert_eq!((error.problem(), error.range(), error.message()), (problem, range, message), "{text}");
    }
    let long = " ".repeat(Template::MAX_TEXT + 1);
    assert_eq!(Template::compile(&long).expect_err("long").problem(), TemplateProblem::TooLong);
}

#[test]
fn help_suggests_a_similar_function() {
    for (wrong, right) in [("MD5", "md5"), ("sha-256", ""), ("sha265", "sha256"), ("hmac_sha256bin", "hmac_sha256_bin")]
    {
        let error = Template::compile(&format!("{wrong}($pass)")).expect_err(wrong);
        match right {
            "" => assert_eq!(error.problem(), TemplateProblem::Syntax),
            _ => assert_eq!(error.advice(), Some(format!("did you mean `{right}`?").as_str())),
        }
    }
}

#[test]
fn uses_and_calls_are_counted() {
    let template = Template::compile("repeat(10, sha1($salt . $pass), sha1(md5($_)))").unwrap();
    let uses = template.uses();
    assert_eq!((uses.salt, uses.user, uses.pepper, template.calls()), (true, false, false, 31));
    assert!(!format!("{INPUT:?}").contains("hashcat"));
}

#[test]
fn a_million_rounds_are_allowed() {
    assert_eq!(pass("repeat(1000000, md5_bin($pass), md5_bin($_))", "x").len(), 16);
}

/// Text that is often almost a template.
fn near_templates() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "md5(",
        "sha1_bin(",
        "hmac_sha256(",
        "repeat(3,",
        "repeat(",
        "substr(",
        "left(",
        "unhex(",
        "latin1(",
        "nfkc(",
        ")",
        ",",
        ".",
        "$pass",
        "$salt",
        "$_",
        "$",
        "'",
        "\\",
        "' '",
        "9",
        "é",
        " ",
        "999999",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// Templates that compile.
fn templates() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["$pass", "$salt", "$user", "$pepper", "'--'"]).prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |inner| {
        let call = prop::sample::select(vec![
            "md5",
            "sha1_bin",
            "sha3_512",
            "upper",
            "lower",
            "trim",
            "utf16le",
            "latin1",
            "cp1252",
            "nfc",
            "nfkc",
            "hex",
            "unhex",
            "base64",
            "unbase64",
            "addslashes",
            "htmlspecialchars",
        ]);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (call, inner.clone()).prop_map(|(name, x)| format!("{name}({x})")),
            pair.clone().prop_map(|(left, right)| format!("({left}) . {right}")),
            pair.clone().prop_map(|(key, message)| format!("hmac_sha256({key}, {message})")),
            (inner, 0..9_usize, 0..9_usize).prop_map(|(x, from, count)| format!("substr({x}, {from}, {count})")),
            (0..50_u8, pair).prop_map(|(n, (start, step))| format!("repeat({n}, {start}, md5($_ . {step}))")),
        ]
    })
}

proptest! {
    #[test]
    fn compiling_never_panics(text in any::<String>()) {
        let _ = Template::compile(&text);
    }

    #[test]
    fn errors_point_into_the_text(text in near_templates()) {
        if let Err(error) = Template::compile(&text) {
            prop_assert!(text.get(error.range()).is_some());
        }
    }

    #[test]
    fn evaluation_is_bounded_and_repeatable(
        text in templates(),
        pass in prop_oneof![any::<String>().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..80)],
        salt in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let input = TemplateInput { pass: &pass, salt: &salt, ..INPUT };
        let template = Template::compile(&format!("left($pass, 1) . {text}")).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let first = template.evaluate(&input);
        prop_assert_eq!(&first, &template.evaluate(&input));
        prop_assert!(first.is_ok_and(|value| value.len() <= Template::MAX_VALUE) || template.evaluate(&input).is_err());
    }
}
