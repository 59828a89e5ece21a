//! The fuzz bodies over generated inputs, for machines without the fuzzer.

use proptest::prelude::*;

/// Pieces that get a random input past the first checks.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..4);
    prop::collection::vec(prop_oneof![8 => word, 1 => noise], 0..24).prop_map(|pieces| pieces.concat())
}

const TEMPLATE: &[&str] = &[
    "md5(",
    "sha256_bin(",
    "hmac_sha1(",
    "repeat(9,",
    "substr(",
    "unhex(",
    "utf16le(",
    "lower(",
    ")",
    ",",
    ".",
    "$pass",
    "$salt",
    "$_",
    "'x'",
    "7",
    " ",
    "\0",
];

const STORED: &[&str] = &[
    "$argon2id$v=19$",
    "m=8,t=1,p=1",
    "m=",
    "t=",
    "p=",
    ",",
    "$",
    "4294967295",
    "keyid=MjAyNQ",
    "c29tZXNhbHRTT01FU0FMVA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "=",
    "$2b$12$",
    "{SSHA}",
];

const FIELDS: &[&str] = &[
    "md5",
    "auth0",
    "okta",
    "keycloak",
    "\n",
    "\npassword\n",
    "\nalgorithm=sMD5",
    "\nhash=s5f4dcc3b5aa765d61d8327deb882cf99",
    "\nhash.value=s5f4dcc3b5aa765d61d8327deb882cf99",
    "\nsalt=n7",
    "\nsalt.value=sc2FsdA==",
    "\niterations=s1",
    "_encoding=shex",
    "=z",
    "=b",
    "=xA",
    "=j[[]]",
    ".",
];

proptest! {
    #[test]
    fn password_template(data in prop_oneof![pieces(TEMPLATE), prop::collection::vec(any::<u8>(), 0..200)]) {
        landfall_fuzz::password_template(&data);
    }

    #[test]
    fn password_parse(data in prop_oneof![pieces(STORED), prop::collection::vec(any::<u8>(), 0..200)]) {
        landfall_fuzz::password_parse(&data);
    }

    #[test]
    fn password_fields(data in prop_oneof![pieces(FIELDS), prop::collection::vec(any::<u8>(), 0..200)]) {
        landfall_fuzz::fields::password_fields(&data);
    }
}
