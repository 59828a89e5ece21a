//! Texts made of what means something to a filter, a name, an address, a header, JSON or XML. Seeded, so that a failure
//! repeats.

use std::collections::BTreeSet;

const PARTS: [&str; 96] = [
    // filters (RFC 4515) and names (RFC 4514)
    "*",
    "(",
    ")",
    "\\",
    "\\2a",
    "\\28",
    "\\00",
    "\\",
    ")(uid=*",
    "*)(|(uid=*",
    "(&",
    "(|",
    "(!",
    "=",
    "~=",
    ">=",
    "<=",
    ":=",
    ":dn:=",
    ",",
    "+",
    ";",
    "\"",
    "<",
    ">",
    "#",
    ",ou=admins",
    "+uid=root",
    "#04024869",
    "\\,",
    "uid=",
    "objectClass",
    // addresses (RFC 3986)
    "/",
    "//",
    "..",
    ".",
    "/../",
    "?",
    "&",
    "@",
    ":",
    "[",
    "]",
    "%",
    "%2e",
    "%2F",
    "%00",
    "%0d%0a",
    "%25",
    "%zz",
    "%c0%af",
    "http://127.0.0.1",
    "&q=x",
    "$&",
    // JSON and XML
    "{",
    "}",
    "{{",
    "}}",
    "{identifier}",
    "{password}",
    "{$.id}",
    "\\u0022",
    "\\n",
    "\",\"admin\":true",
    "'",
    "&amp;",
    "&#10;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<a b='c'/>",
    "&x;",
    // control characters, spaces
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    " ",
    "\u{a0}",
    // directions, invisible characters, lone marks, others
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{301}",
    "\u{20dd}",
    "\u{2028}",
    "ü",
    "東",
    "😀",
    "ſ",
    "\u{212a}",
    "a",
];

/// As many different texts. Every hundredth is long.
pub fn hostile(number: usize) -> Vec<String> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let mut found = BTreeSet::new();
    while found.len() < number {
        let parts = if found.len() % 100 == 0 { 120 } else { 1 + next(6) };
        found.insert((0..parts).map(|_| PARTS[next(PARTS.len())]).collect::<String>());
    }
    found.into_iter().collect()
}
