//! What holds for every scheme.

use proptest::prelude::*;

use super::*;

/// A stored text of every scheme that has texts, with the password it belongs to (libxcrypt, OpenSSL, the vectors).
const SAMPLES: &[(&str, &str, &str)] = &[
    ("argon2", "$argon2id$v=19$m=64,t=1,p=1$FDzSXhs5R3HkBKjDOQjtJw$6hs88fUO8+0mkSkuU77a8pzrUDUq6RDlIohnrX+ZLJI", ""),
    ("bcrypt", "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW", ""),
    ("bcrypt", "$2x$04$cHdVoFDZUharOEUpICFGZe7PMlrGiHK5AEiIlmGDFhXfM.zrhLQVa", "pass word"),
    (
        "scrypt",
        "$scrypt$ln=10,r=4,p=2$N6N12pA9Y1GvRclD+5HpPg$cTjLhuf10Wym1j8tVJ2uhtWYPoeZtEfNBPeEVTJJ8k4",
        "?c_Kz,)X9JR@sfiX",
    ),
    ("scrypt-mcf7", "$7$BU..../....saltsalt$B2RRDHwWT6jGyV9xNOI9/PUOk1olr2YDotPJGReyKp0", "pass word"),
    ("yescrypt", "$y$j75$saltsalt$pS04mvnP.DEZGhPQC74QhSYiitqoRpR8Mid8e3nSVeB", "pass word"),
    ("pbkdf2", "$pbkdf2-sha256$1000$1URm4J9/o8M$/C0T5e60rdZfjAdGLlNZyzpUFrhZGhlcrvAK5M7BeLU", "IQaB_N(A?rIA,f_Z"),
    ("crypt", "$5$rounds=1000$$GtThGR52u/LEabfU2ncKkcqA2v9z/BtQfFpFV8ZaOb.", "pass word"),
    ("crypt", "$1$$jJtdJ/Tlr.pylZQFemrPm0", "pass word"),
    ("crypt", "_J9..bkWNI0brPPaCPMQ", "pass word"),
    ("sha256crypt", "$5$rounds=1000$$jAQ1NZgJkatmWyAsK0NxDcSXTB41aRCrTggwkNbBkXA", ""),
    ("sha1crypt", "$sha1$500$abcdefgh$Ux5Z1sgWVT3xo8GspnqY7WH6I4Nd", "pass word"),
    ("sunmd5", "$md5,rounds=10$saltsalt$$Hbs9e1WelI72hjDe55PwM0", "pass word"),
    ("crypt", "$md5$RPgLF6IJ$$MQ6s3e4ebcPAdGun9Ra6.1", "pass word"),
    ("nthash", "$3$$c5838454ad845df2ba42816cc7f323a0", "pass word"),
    ("apr1", "$apr1$62722340$zGjeAwVP2KwY6MtumUI1N/", "hashcat"),
    ("descrypt", "24leDr0hHfb3A", "hashcat"),
    ("phpass", "$P$946647711V1klyitUYhtB8Yw5DMA/w.", "hashcat"),
    ("drupal7", "U$S$72hNL0UXl2WdrSts/AZIndV6LabTQA/H0Wcew10b/VJw.E7StYUx", "Dg@FOaZxX"),
    ("ldap", "{SSHA}FLzWcQqyle6Mo7NvrwXCMAmRzXQxNjYxMTYzNw==", "hashcat"),
    ("django", "sha1$fe76b$02d5916550edf7fc8c886f044887f4b1abf9b013", "hashcat"),
    ("werkzeug", "md5$84143$7f51edecfa6fb401a0b5e63d33fc8c0e", "hashcat"),
    ("mssql", "0x010045083578BF13A6E30CA29C40E540813772754D54A5FFD325", "hashcat"),
    ("mysql41", "*FCF7C1B8749CF99D88E5F34271D636178FB5D130", "hashcat"),
    ("mysql323", "7196759210defdc0", "hashcat"),
    ("sap-issha", "{x-issha, 1024}BnjXMqcNTwa3BzdnUOf1iAu6dw02NzU4MzE2MTA=", "hashcat"),
    ("mediawiki", "$B$2152187716$8c8b39c3602b194eeeb6cac78eea2742", "hashcat"),
    ("atlassian-pkcs5s2", "{PKCS5S2}NTczNTY0NDY2NjQyNzU1Mx8gGiRGobaZYwumctGHbn2ZOHB8LkwzH+Z1gkWfy1zD", "hashcat"),
    (
        "scram",
        "SCRAM-SHA-256$4096:IKfxzJ8Nq4PkLJCfgKcPmA==$iRw3qwTp18uaBnsTOEExbtgWdKeBMbSSnZvqD4sdqLQ=:hPciC1CcnBna3szR8Mf3MVc8t0W7QPbIHoMMrh4zRV0=",
        "hashcat",
    ),
    (
        "shiro1",
        "$shiro1$SHA-256$1$Hznyq97LwvGsv7bRj/H4wA==$5v7uX/Kyc/A9md60E7sTyUJQ2oqMwjG1GNn3lUMLf2A=",
        "}{W,/6cxQiKr9LwCeB",
    ),
    ("magento", "fe8ed6ecefeb04e4ff17f5cc4d8b0e38:n5nGoNU8YhsrFPdB9GqhDMpgbyQ0vX05:0", "O'B\"rien\\<9dZJ22&>"),
    ("joomla", "66ca0666b332abd30b8d72d21895c733:n5nGoNU8YhsrFPdB9GqhDMpgbyQ0vX05", "O'B\"rien\\<9dZJ22&>"),
    ("lmhash", "e52cac67419a9a224a3b108f3fa6cb6d", "Password"),
];

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

#[test]
fn samples_are_proved_and_printed_again() {
    for (scheme, text, secret) in SAMPLES {
        let parsed = parse(&Credential::encoded(*scheme, *text)).unwrap();
        assert_eq!(parsed.canonical().as_deref(), Some(*text), "{scheme}");
        let verdict = parsed.verify(&password(secret), &Limits::default(), &mut Workspace::new());
        // The first sample only has the form of an Argon2 hash.
        assert_eq!(verdict.is_proof(), *scheme != "argon2", "{scheme}: {text}: {verdict:?}");
        let other = parsed.verify(&password("another"), &Limits::default(), &mut Workspace::new());
        assert_eq!(other, Verdict::Mismatch, "{scheme}: {text}");
    }
}

#[test]
fn placeholders_are_unusable_under_every_scheme() {
    for info in schemes().iter().filter(|info| info.name != "plain") {
        for text in ["", "!", "*", "!!"] {
            let verdict = verify(&Credential::encoded(info.name, text), &password(text), &Limits::default());
            assert_eq!(verdict.name(), "unusable", "{}: {text}", info.name);
        }
    }
}

#[test]
fn long_passwords_are_refused_where_length_costs() {
    let credential = Credential::encoded("auto", "$1$$jJtdJ/Tlr.pylZQFemrPm0");
    assert_eq!(verify(&credential, &password(&"a".repeat(1024)), &Limits::default()), Verdict::Mismatch);
    assert_eq!(verify(&credential, &password(&"a".repeat(1025)), &Limits::default()).name(), "cost_refused");
}

/// Parsing under the scheme, and what was understood is printed and understood again alike.
fn parses_or_not(scheme: &str, text: &str) -> Result<(), TestCaseError> {
    let Ok(parsed) = parse(&Credential::encoded(scheme, text)) else { return Ok(()) };
    let Some(canonical) = parsed.canonical() else { return Ok(()) };
    let again = parse(&Credential::encoded(scheme, &canonical));
    let again = again.map_err(|problem| TestCaseError::fail(format!("{scheme}: {canonical}: {problem}")))?;
    prop_assert_eq!(again.canonical(), Some(canonical));
    prop_assert_eq!(again.cost(), parsed.cost());
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_understood_or_refused(text in "\\PC{0,80}") {
        for info in schemes() {
            parses_or_not(info.name, &text)?;
        }
        parses_or_not("auto", &text)?;
    }

    #[test]
    fn damaged_hashes_are_understood_or_refused(
        sample in 0..SAMPLES.len(), at in 0_usize..120, cut in 0_usize..3, put in "[$:{}!*,=.0-9a-zA-Zé\u{0}]{0,3}",
    ) {
        let (scheme, text, _) = SAMPLES[sample];
        let letters: Vec<char> = text.chars().collect();
        let at = at.min(letters.len());
        let damaged: String = letters[..at].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(letters[at..].iter().skip(cut)).collect();
        parses_or_not(scheme, &damaged)?;
        parses_or_not("auto", &damaged)?;
    }
}
