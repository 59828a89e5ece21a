//! Properties of all schemes.

use proptest::prelude::*;

use super::*;

/// A stored text of every scheme with texts, and its password (libxcrypt, OpenSSL, the vectors).
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

/// Texts of the password `pass word é`, generated with Python's hashlib, passlib 1.7.4, libxcrypt and OpenSSL 3; for
/// Dovecot, Cisco and macOS by their published constructions.
const FOREIGN: &[(&str, &str)] = &[
    ("pbkdf2", "$p5k2$$Salt.salt$leX4Ji0rfeE/9wxYYhLQkN325Mm61Tyu"),
    ("pbkdf2", "$p5k2$a$oX9ZZOcN$o6WhikAbgORN51GaaKwsKKMak8EJb.4P"),
    ("pbkdf2", "$p5k2$d$-P_-YWJjZGVmZ2hpamtsbQ==$leIkCZzHnSPy_-LEPfwsNV-zo-w="),
    (
        "pbkdf2",
        "$pbkdf2-sha512$12$c2FsdHNhbHRzYWx0$minnVcXNKrMiFkr.nrlgq8pR.ETusqo46BzRqtdjPkWFT7SrvTkKXB9o00neVXq.36zo4w/3IxRPr2nVan.AtQ",
    ),
    (
        "pbkdf2",
        "grub.pbkdf2.sha512.12.73616C7473616C7473616C74.9A29E755C5CD2AB322164AFE9EB960ABCA51F844EEB2AA38E81CD1AAD7633E45854FB4ABBD390A5C1F68D349DE557ABEDFACE8E30FF723144FAF69D56A7F80B5",
    ),
    (
        "pbkdf2",
        "$ml$23$010273616c7473616c74$f48187d1d59452c807bb6492ddb3a46217a9144112ee4500057a5def3afd2dd414cfde96ddab0ec3d03b4d0fc395b9f8c692a0d45dfd45d1256828de8c90e0dfd10b4c75dba209f50b75cbe879ed5390a4f06bb6387859e34d1417d6f88b0a23ca98c9530b7d702981d0c97029f4740ba9526836ba631e05cb2566bb83034712",
    ),
    ("cisco", "$8$TnGX/fE4KGHOVU$lkbxu7unBk/PQrH3o41dIgLGEAYr/R2nSIMx2/0kXhg"),
    ("cisco", "$9$TnGX/fE4KGHOVU$BTz2io4jci8oU.Vs.pu1ViiwhMt./HL556VWsI271MY"),
    ("ldap", "{PBKDF2}$1$abcSALT$50$8906cf4dccff01509ec1b4d45afb4d10a0da2c9f"),
    (
        "ldap",
        "{SCRAM-SHA-256}60,AQJzYWx0c2FsdA==,/PLf+iprNyzEUH/QdMBLLg27i2finEyJHOrlQFMfXIs=,mZkhLndx77nxrjx+n990yUjoK0op7yoGQR2ebtmTv5U=",
    ),
    (
        "ldap",
        "{SHA512.HEX}bf99ecc87c4a1233750c174330bc29b3e6b30ca0a281a1eb23e4a7dd317579a19f4c3b3a7857f550a8630711c3dfa8c2dd41f4588e8fb129303231b6e72abe98",
    ),
    ("ldap", "{SSHA256.HEX}44cfe4e3d85e3e803a9c30d053d24a70734f2500c09da41a5a9565c30e569cb273616c74"),
    ("ldap", "{SSHA384}VRaqKnGAeRV/+emyu6i5auY3LmlPX912lUet+R+cqetBB0uz0aAlWGL8cjAFk/Mhc2FsdA=="),
    (
        "ldap",
        "{SSHA512.b64}OT7UaM47GO8/7c5jU/edEnwRXfBjIYzyRsr0PrsEyndHfFTG4O4wiu/Tya4UyOOOl9UctBVuCwtEHU8jqAc7AHNhbHQ=",
    ),
    ("ldap", "{PBKDF2-SHA256}12$c2FsdHNhbHQ$wU8Li1upstHak/yS3Q0jqp5fZvDmoXqtS0vPHH1jU1I"),
    (
        "ldap",
        "{CRYPT-SHA512}$6$rounds=1000$saltsalt$1Z.t6OBAiqd6oSKVqrQTxlyBQDr8Rlk49.lpNUhf125fp0ZoNWZnls6ZLQMptGF1BvdJ23IjjqTORpCAEYYyd1",
    ),
    ("ldap", "{BLF-CRYPT}$2y$04$abcdefghijklmnopqrstuuVOmZyM87hVhH.SdWpz5HLuXzaa2ILF2"),
    ("crypt", "$gy$j75$saltsalt$ebagPbGm/fE2M0rbiGFcKl77QzCkwbtFKA5gXlu55A9"),
    ("crypt", "$y$j75$saltsalt$tky1smeFxIt2rF0nYSdF0o7LoXsHD.fU0G4p9VTye84"),
    ("crypt", "$7$BU..../....saltsalt$FIGEhQfPqoygQ71.UIT6118i4slwP1Usq1j/F55IFL0"),
    ("crypt", "$5$rounds=1000$saltsalt$tHgfgJQkn.2WawClVV0eNFgw/RFgyED63GVwCqZfpR2"),
    ("crypt", "$5$saltsalt$/RmvH0s/HXurCyvHVUOg1xOSuvmSL2iKvgBrGX7FoP."),
    ("crypt", "$6$saltsalt$3B8uLWCM8pExxFue/cKJMycnR9l05M4HWVb2lmeeMfyjKATY/c5B7enyfVBKXSD8vIttrEYhCp0zKUCKRZs8/1"),
    ("crypt", "$sha1$20$saltsalt$mgM.2PDJ1FVzdGWrF69/chwe/o3z"),
    ("ldap", "{CRYPT}$gy$j75$xyxyxyxy$3ui19.qJc7UJDCAxAPFIw9SRBhUtI0bjVrCi0ebL3S3"),
    (
        "blake2b",
        "c53faff8439de0236b096aa8e658f7f73de47682c98fe226dbb97df8793cd79943f7a086ac47cf5fe290cd021eba186bfc489972016dacbeb5aa63d07b6e9cef",
    ),
    ("blake2s", "3a41d12f5e9d5fd0fde36115e5a68d414ddedb7f85e731e00542e0133c41a45f"),
    ("sha512_256", "7e24f097e6058231552063798bf83b122c10cd5b9358b6cb2d692cdc2be43e1c"),
    ("sha3_384", "3269a147e12ab11f8dfcc6425932c1d12b1d113a508c95862cfa7effc8a1912e1ccad8d0e9252bd0305b286a82e92564"),
    ("ripemd160", "505f3086287ca8a6b9a37e6c86ccd029cc3a8cf1"),
    ("scrypt", "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$A3AnJ4SnKghCtaBDDuVerPEmdYihqibXTKK+wluxcIA"),
    (
        "whirlpool",
        "e539fef5a6627abde8747f0b645dd0dff984150bf2a2ad163d5c66e27f55071d81a2ca59680c8d9a4b944e3f7f566463dc8b52f62862f0bbce3f76707f82689d",
    ),
];

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

#[test]
fn samples_verify_and_print_canonically() {
    for (scheme, text, secret) in SAMPLES {
        let parsed = parse(&Credential::encoded(*scheme, *text)).unwrap();
        assert_eq!(parsed.canonical().as_deref(), Some(*text), "{scheme}");
        let verdict = parsed.verify(&password(secret), &Limits::default(), &mut Workspace::new());
        // The first sample only looks like an Argon2 hash.
        assert_eq!(verdict.is_match(), *scheme != "argon2", "{scheme}: {text}: {verdict:?}");
        let other = parsed.verify(&password("another"), &Limits::default(), &mut Workspace::new());
        assert_eq!(other, Verdict::Mismatch, "{scheme}: {text}");
    }
}

#[test]
fn foreign_hashes_verify_and_are_detected() {
    for (scheme, text) in FOREIGN {
        let parsed = parse(&Credential::encoded(*scheme, *text)).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        let verdict = |secret| parsed.verify(&password(secret), &Limits::default(), &mut Workspace::new());
        assert_eq!(verdict("pass word é"), Verdict::Match, "{scheme}: {text}");
        assert_eq!(verdict("pass word e"), Verdict::Mismatch, "{scheme}: {text}");
        if let Some(canonical) = parsed.canonical() {
            let again = verify(&Credential::encoded(*scheme, canonical), &password("pass word é"), &Limits::default());
            assert_eq!(again, Verdict::Match, "{scheme}: {text}");
        }
        let is_detectable = text.starts_with(['$', '{']) || text.starts_with("grub");
        assert_eq!(parse(&Credential::encoded("auto", *text)).is_ok(), is_detectable, "{text}");
    }
}

#[test]
fn hashes_that_ignore_part_of_ordinary_passwords_say_so() {
    for (scheme, text, ignores) in [
        ("descrypt", "Lff0PKOx9LFac", true),
        ("ldap", "{CRYPT}Lff0PKOx9LFac", true),
        ("lmhash", "e52cac67419a9a224a3b108f3fa6cb6d", true),
        ("bsdicrypt", "_J9..CCCCXBrJUJV154M", false),
        // only what is longer than 72 bytes, which no ordinary password is
        ("bcrypt", "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW", false),
        (
            "auto",
            "$6$saltsalt$3B8uLWCM8pExxFue/cKJMycnR9l05M4HWVb2lmeeMfyjKATY/c5B7enyfVBKXSD8vIttrEYhCp0zKUCKRZs8/1",
            false,
        ),
    ] {
        let parsed = parse(&Credential::encoded(scheme, text)).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(parsed.ignores_part(), ignores, "{scheme}");
    }
}

/// The hashcat examples for modes 9200 and 9300.
#[test]
fn cisco_examples_of_hashcat_verify() {
    for text in [
        "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk",
        "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
    ] {
        let verdict = verify(&Credential::encoded("auto", text), &password("hashcat"), &Limits::default());
        assert_eq!(verdict, Verdict::Match, "{text}");
    }
}

#[test]
fn parts_of_the_wrong_type_are_malformed() {
    for json in [
        r#"{"scheme": "md5", "hash": "47bce5c74f589f4867dbd57e9ca9f808", "salt": 123}"#,
        r#"{"scheme": "md5", "hash": "47bce5c74f589f4867dbd57e9ca9f808", "salt": ["aaa"]}"#,
        r#"{"scheme": "md5", "hash": "47bce5c74f589f4867dbd57e9ca9f808", "salt": "aaa", "order": 1}"#,
        r#"{"scheme": "auth0", "algorithm": "md5", "hash": {"value": "47bce5c74f589f4867dbd57e9ca9f808"}, "salt": "aaa"}"#,
        r#"{"scheme": "auth0", "algorithm": "md5", "hash": {"value": "47bce5c74f589f4867dbd57e9ca9f808"}, "password": "utf8"}"#,
        r#"{"scheme": "okta", "algorithm": "MD5", "value": "R7zlx09YnyzZ1dV+nKn4CA==", "salt": 123, "saltOrder": "PREFIX"}"#,
        r#"{"scheme": "fusionauth", "encryptionScheme": "salted-md5", "factor": 1, "salt": 5, "password": "R7zlx09Yn0hn29V+nKn4CA=="}"#,
        r#"{"scheme": "template", "template": "md5($pass . $salt)", "hash": "47bce5c74f589f4867dbd57e9ca9f808", "salt": false}"#,
    ] {
        let credential = Credential::from_json(&serde_json::from_str(json).unwrap()).unwrap();
        let verdict = verify(&credential, &password("aaa"), &Limits::default());
        assert!(matches!(verdict, Verdict::Malformed(_)), "{json}: {verdict:?}");
    }
}

#[test]
fn placeholders_are_unusable_with_every_scheme() {
    for info in schemes().iter().filter(|info| info.name != "plain") {
        for text in ["", "!", "*", "!!"] {
            let verdict = verify(&Credential::encoded(info.name, text), &password(text), &Limits::default());
            assert_eq!(verdict.name(), "unusable", "{}: {text}", info.name);
        }
    }
}

#[test]
fn long_passwords_are_rejected_if_length_is_expensive() {
    let credential = Credential::encoded("auto", "$1$$jJtdJ/Tlr.pylZQFemrPm0");
    assert_eq!(verify(&credential, &password(&"a".repeat(1024)), &Limits::default()), Verdict::Mismatch);
    assert_eq!(verify(&credential, &password(&"a".repeat(1025)), &Limits::default()).name(), "cost_refused");
}

/// Parses a text; a parsed hash prints a text that parses to the same hash.
fn check_round_trip(scheme: &str, text: &str) -> Result<(), TestCaseError> {
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
    fn any_text_is_parsed_or_rejected(text in "\\PC{0,80}") {
        for info in schemes() {
            check_round_trip(info.name, &text)?;
        }
        check_round_trip("auto", &text)?;
    }

    #[test]
    fn damaged_hashes_are_parsed_or_rejected(
        sample in 0..SAMPLES.len(), at in 0_usize..120, cut in 0_usize..3, put in "[$:{}!*,=.0-9a-zA-Zé\u{0}]{0,3}",
    ) {
        let (scheme, text, _) = SAMPLES[sample];
        let letters: Vec<char> = text.chars().collect();
        let at = at.min(letters.len());
        let damaged: String = letters[..at].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(letters[at..].iter().skip(cut)).collect();
        check_round_trip(scheme, &damaged)?;
        check_round_trip("auto", &damaged)?;
    }
}
