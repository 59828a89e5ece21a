//! R1: YAML and the shape of files.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R101",
        title: "the file is not YAML",
        explain: "\
The text is not valid YAML 1.2 from the marked place on. Nothing after that place has been checked, so
more findings may show up once it is fixed.

    pattern: \"\\d{4}\"        # \\d is not an escape of double quotes
    pattern: '\\d{4}'        # single quotes keep everything as it is

Usual fixes: put text that contains `: `, ` #` or begins with one of @ ` % & * ! [ { in single quotes;
close every quote and bracket; indent with spaces, never with tabs.",
    },
    CodeInfo {
        code: "R102",
        title: "a duplicate key",
        explain: "\
Two entries of one map have the same key. YAML parsers disagree about which one counts, so one of the
two lines would be silently ignored. Both places are marked.

    account:
      username: $.user_login
      username: $.user_email

Keep one of them. If either may contain the value, list both: `from: [ $.user_login, $.user_email ]`.",
    },
    CodeInfo {
        code: "R103",
        title: "the file is over a limit",
        explain: "\
A file may have 256 KiB, 50 000 keys and values, and 64 levels of lists and maps; its aliases may expand
to 10 000 values. The limits keep a malicious file from exhausting memory.

    lookups:
      countries: { file: countries.csv, key: name, value: alpha2 }

Large tables belong in CSV files that a lookup names. Split long rule files with `use`.",
    },
    CodeInfo {
        code: "R104",
        title: "a part of YAML that rule files do not use",
        explain: "\
Tags, merge keys, several documents in one file, and keys that are not text have no meaning in the rule
language; if they were silently accepted, the rules would do something else than their author meant.
Aliases are fine if their anchor comes before them and does not contain them.

    since: !timestamp 2020-01-01      # a tag: remove it
    <<: *common                       # a merge key: write the keys out, or use `defaults`
    when: { [a, b]: c }               # a list as a key
    pattern: *.example.com            # read as an alias: put it in quotes

Write text that begins with ! * & in single quotes.",
    },
    CodeInfo {
        code: "R105",
        title: "the file is empty",
        explain: "\
The file is empty or contains only comments. An empty rule or test file checks nothing, and that must
not look like success.

    landfall: 1
    name: wordpress
    target: standard

Add content to the file, or stop referring to it.",
    },
    CodeInfo {
        code: "R106",
        title: "an unknown key",
        explain: "\
This part of the file has no such key. If it were silently ignored, a typo would disable what the key
does.

    email.value:
      from: $.mail
      requierd: true                 # `required`

Fix the spelling; the help suggests the nearest key, or lists all keys. Write the members of a claim as
dotted keys, such as `email.value`, not as nested maps.",
    },
    CodeInfo {
        code: "R107",
        title: "a value of the wrong shape",
        explain: "\
There is a list where a map is expected, text where a list is expected, or a word that is not one of the
choices.

    on_error: ignore                 # one of `reject`, `warn`, `skip`, `default`
    required: yes                    # text in YAML 1.2: write `true`
    admit: { deny: closed }          # a list: `admit: [ { deny: closed, when: … } ]`

Write what the message expects. In YAML 1.2 only `true` and `false` are booleans.",
    },
    CodeInfo {
        code: "R108",
        title: "a key is missing",
        explain: "\
This part of the file has no meaning without the key.

    admit:
      - { deny: spammer, when: { $.status: spam } }    # both are needed
    checks:
      - { needs: { $account.email.value: present }, because: no_email }

Add the key.",
    },
    CodeInfo {
        code: "R109",
        title: "a reference was expected",
        explain: "\
`from`, `ignore` and the left side of a condition take a reference: `$.field` for a field of the record,
or `$name` for a variable.

    username: { from: login }        # the word `login`
    username: { from: $.login }      # the field
    status: { value: active }        # a constant

Write `$.` before the name of a field; write `value:` for a constant. `ignore` takes fields by name,
without filters and `*`.",
    },
    CodeInfo {
        code: "R110",
        title: "a rule needs exactly one of `from`, `value` and `script`",
        explain: "\
The value of a rule comes from one of three keys: `from` reads it, `value` is a constant or template,
`script` computes it. Without one of them the rule does nothing; with two it is ambiguous. `with` belongs
to a script.

    username: { from: $.login, do: [ lowercase ] }
    status: { value: active }
    custom.initial: { with: { name: $.name }, script: \"name.sub_string(0, 1)\" }

Keep one. Use `default:` for a missing value.",
    },
    CodeInfo {
        code: "R111",
        title: "the version of the rule language",
        explain: "\
Every rule file says which version of the language it is written in, so that a newer program does not
change its meaning.

    landfall: 1
    name: wordpress

Write `landfall: 1` as the first line. A higher number needs a newer program.",
    },
    CodeInfo {
        code: "R112",
        title: "a reason is a key, not prose",
        explain: "\
The service turns the reasons of `admit` and `checks` into messages in the customer's language, and into
labels of metrics.

    - { deny: \"This account was closed!\", when: { $.closed: true } }
    - { deny: closed_account, when: { $.closed: true } }

Use letters, digits, `_`, `-` and `.`.",
    },
    CodeInfo {
        code: "R113",
        title: "YAML does not read this the way it looks",
        explain: "\
The text is valid YAML, but does not mean what most people expect: ` #` begins a comment, `|` and `>`
begin a block of text, typographic quotes are part of the text, and words such as `None` are text.

    name.full: Apt #5                # the text `Apt`
    name.full: \"Apt #5\"
    nothing_if: NULL                 # no value, not the word
    nothing_if: \"NULL\"
    default: None                    # the word `None`, not nothing

Put text in quotes. For no value, write `null` or leave the key out.",
    },
];
