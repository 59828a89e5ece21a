//! R3: regexes and scripts.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R301",
        title: "a regex cannot be read",
        explain: "\
The marked part is not a regex in the syntax of Rust's `regex`. It is matched in linear time, so it has
no look-around and no backreferences.

    do: [ extract: '(\\d+' ]              # the group is never closed
    do: [ extract: '(\\d+)' ]
    do: [ extract: \"(\\\\d+)\" ]           # in double quotes every `\\` is written twice

Close groups and classes, put regexes in single quotes, and put `\\` before a character that is meant
itself: `\\.` for a dot.",
    },
    CodeInfo {
        code: "R302",
        title: "a regex is too large or slow",
        explain: "\
A repeat over a large class makes a regex of megabytes; `.*` at the beginning makes every search start
again at every character.

    do: [ extract: '.*@(.+)' ]           # slow
    do: [ extract: '@(.+)' ]             # finds the same
    matches: '^[\\p{L}]{1,64}$'           # too large
    matches: '^\\p{L}+$'                  # check the length with `length`

Begin with what must stand first, anchor with `^`, and repeat with `+` and `*`.",
    },
    CodeInfo {
        code: "R303",
        title: "a script cannot be compiled",
        explain: "\
Scripts are checked when rules are loaded: their grammar, every variable, every function. A script sees
the names under `with` and nothing else.

    custom.greeting:
      with: { given: $.first_name }
      script: |
        if given == () { \"Hello\" } else { `Hello ${givne}` }    # `given`

Mend the marked place. Inputs are constants: copy one with `let` to change it. `eval`, `import` and
`print` are switched off. `landfall ops --scripts` lists the functions.",
    },
    CodeInfo {
        code: "R304",
        title: "a digest template cannot be compiled",
        explain: "\
A digest template says how the legacy system built its hash. It is compiled when the rules are read, with
its functions, its variables, and a bound on its work.

    credential: { scheme: template, value: $.hash, template: 'sha1(md5($pas))' }     # `$pas`
    credential: { scheme: template, value: $.hash, template: 'sha1(md5($pass))' }

The variables are `$pass`, `$salt`, `$user` and `$pepper`; `.` joins; digests such as `md5(x)` give hex
and `md5_bin(x)` bytes; `hmac_sha256(key, x)`, `repeat(n, start, step)` with `$_`, `base64`, `hex`,
`lower`, `trim`, `utf16le` and others are listed in docs/credentials.md#digest-templates.

The stored hash is compared with what the template makes: text with text, or bytes with bytes. `hash_hex`
and `hash_b64` are decoded to bytes, so `md5($pass)`, which is text, goes with `from`:

    credential: { scheme: template, hash_hex: $.hash, template: 'md5_bin($salt . $pass)', salt: $.salt }
    credential: { scheme: template, from: $.hash, template: 'md5($salt . $pass)', salt: $.salt }",
    },
];
