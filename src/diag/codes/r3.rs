//! R3: regexes and scripts.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R301",
        title: "an invalid regex",
        explain: "\
The marked part is not valid in the syntax of Rust's `regex`. Regexes are matched in linear time, so
look-around and backreferences are not supported.

    do: [ extract: '(\\d+' ]              # the group is never closed
    do: [ extract: '(\\d+)' ]
    do: [ extract: \"(\\\\d+)\" ]           # in double quotes, write every `\\` twice

Close groups and classes, put regexes in single quotes, and put `\\` before a character to match
it literally: `\\.` for a dot.",
    },
    CodeInfo {
        code: "R302",
        title: "a regex is too large or slow",
        explain: "\
Repeating a large character class makes a regex of several megabytes; `.*` at the beginning makes every
search start again at every character.

    do: [ extract: '.*@(.+)' ]           # slow
    do: [ extract: '@(.+)' ]             # finds the same
    matches: '^[\\p{L}]{1,64}$'           # too large
    matches: '^\\p{L}+$'                  # check the length with `length`

Begin with what must come first, anchor with `^`, and repeat with `+` and `*`.",
    },
    CodeInfo {
        code: "R303",
        title: "a script cannot be compiled",
        explain: "\
Scripts are checked when rules are loaded: their syntax, every variable and every function. A script sees
only the names under `with`.

    custom.greeting:
      with: { given: $.first_name }
      script: |
        if given == () { \"Hello\" } else { `Hello ${givne}` }    # `given`

Fix the marked place. Inputs are constants: copy one with `let` to change it. `eval`, `import` and
`print` are disabled. `landfall ops --scripts` lists the functions.",
    },
    CodeInfo {
        code: "R304",
        title: "a digest template cannot be compiled",
        explain: "\
A digest template describes how the legacy system computed its hashes. It is compiled when the rules are
read: its functions and variables are checked, and its cost is limited.

    credential: { scheme: template, value: $.hash, template: 'sha1(md5($pas))' }     # `$pas`
    credential: { scheme: template, value: $.hash, template: 'sha1(md5($pass))' }

The variables are `$pass`, `$salt`, `$user` and `$pepper`; `.` concatenates; digests such as `md5(x)`
return hex and `md5_bin(x)` returns bytes; `hmac_sha256(key, x)`, `repeat(n, start, step)` with `$_`,
`base64`, `hex`, `lower`, `trim`, `utf16le` and others are listed in
docs/credentials.md#digest-templates.

The stored hash is compared with the result of the template: text with text, or bytes with bytes. `hash_hex`
and `hash_b64` are decoded to bytes, so `md5($pass)`, which is text, goes with `from`:

    credential: { scheme: template, hash_hex: $.hash, template: 'md5_bin($salt . $pass)', salt: $.salt }
    credential: { scheme: template, from: $.hash, template: 'md5($salt . $pass)', salt: $.salt }",
    },
];
