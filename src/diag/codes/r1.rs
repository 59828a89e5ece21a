//! R1: YAML and the shape of files.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R101",
        title: "the file is not YAML",
        explain: "\
The text cannot be read as YAML 1.2 from the marked place on. Nothing after that place has been looked
at, so further findings may show up once it is mended.

    pattern: \"\\d{4}\"        # double quotes know escapes, and \\d is none
    pattern: '\\d{4}'        # single quotes take everything as it is

Usual cures: put text that contains `: `, ` #` or begins with one of @ ` % & * ! [ { in single quotes;
close every quote and bracket; indent with spaces, never with tabs.",
    },
    CodeInfo {
        code: "R102",
        title: "a key is given twice",
        explain: "\
Two entries of one map have the same key. Readers of YAML disagree about which of them counts, so one
of the two lines would be ignored in silence. Both places are marked.

    account:
      username: $.user_login
      username: $.user_email

Keep one of them. When either may hold the value, name both: `from: [ $.user_login, $.user_email ]`.",
    },
    CodeInfo {
        code: "R103",
        title: "the file is over a limit",
        explain: "\
A file may have 256 KiB, 50 000 keys and values, and 64 levels of lists and maps; its aliases may stand
for 10 000 values. The limits keep a file that was made for it from exhausting memory.

    lookups:
      countries: { file: countries.csv, key: name, value: alpha2 }

Large tables belong into CSV files that a lookup names. Split long rule files with `use`.",
    },
    CodeInfo {
        code: "R104",
        title: "a part of YAML that rule files do not use",
        explain: "\
Tags, merge keys, several documents in one file, and keys that are not text have no meaning in the rule
language; taken in silence they would change or lose what was meant. Aliases are fine when their anchor
stands before them and outside of them.

    since: !timestamp 2020-01-01      # a tag: leave it out
    <<: *common                       # a merge key: write the keys out, or use `defaults`
    when: { [a, b]: c }               # a list as a key
    pattern: *.example.com            # read as an alias: put it in quotes

Write text that begins with ! * & in single quotes.",
    },
    CodeInfo {
        code: "R105",
        title: "the file is empty",
        explain: "\
The file has no content, or only comments. An empty rule or test file checks nothing, and that must not
look like success.

    landfall: 1
    name: wordpress
    target: standard

Write the file, or do not name it.",
    },
    CodeInfo {
        code: "R106",
        title: "an unknown key",
        explain: "\
A key that this part of a file does not know would be ignored in silence, so it is refused.

    email.value:
      from: $.mail
      requierd: true                 # `required`

Mend the spelling; the help names the nearest key, or all of them. A claim's own members are dotted
keys of rules, `email.value`, not maps inside maps.",
    },
    CodeInfo {
        code: "R107",
        title: "another shape was expected",
        explain: "\
A list stands where a map belongs, text where a list belongs, or a word that is none of those possible.

    on_error: ignore                 # one of `reject`, `warn`, `skip`, `default`
    required: yes                    # text in YAML 1.2: write `true`
    admit: { refuse: closed }        # a list: `admit: [ { refuse: closed, when: … } ]`

Write what the message expects. In YAML 1.2 only `true` and `false` are booleans.",
    },
    CodeInfo {
        code: "R108",
        title: "a key is missing",
        explain: "\
This part of a file means nothing without the key.

    admit:
      - { refuse: spammer, when: { $.status: spam } }    # both are needed
    checks:
      - { needs: { $account.email.value: present }, because: no_email }

Add the key.",
    },
    CodeInfo {
        code: "R109",
        title: "a reference was expected",
        explain: "\
`from`, `ignore` and the left side of a condition read something, so a reference stands there: `$.field`
of the record, or `$name` of a variable.

    username: { from: login }        # the word `login`
    username: { from: $.login }      # the field
    status: { value: active }        # a constant

Write `$.` before the name of a field; write `value:` for a constant. `ignore` takes fields by name,
without filters and `*`.",
    },
    CodeInfo {
        code: "R110",
        title: "a rule needs exactly one origin",
        explain: "\
The value of a rule comes from one of three: `from` reads, `value` is a constant or template, `script`
computes. None leaves nothing to do, two leave open which counts. `with` belongs to a script.

    username: { from: $.login, do: [ lowercase ] }
    status: { value: active }
    custom.initial: { with: { name: $.name }, script: \"name.sub_string(0, 1)\" }

Keep one. For a value when there is none, write `default:`.",
    },
    CodeInfo {
        code: "R111",
        title: "the version of the rule language",
        explain: "\
Every rule file says which version of the language it is written in, so that it never changes its meaning
under a newer program.

    landfall: 1
    name: wordpress

Write `landfall: 1` as the first line. A higher number needs a newer program.",
    },
    CodeInfo {
        code: "R112",
        title: "a reason is a key, not prose",
        explain: "\
Reasons of refusals and checks go to the service, which turns them into messages in the language of the
customer, and into counters.

    - { refuse: \"This account was closed!\", when: { $.closed: true } }
    - { refuse: closed_account, when: { $.closed: true } }

Use letters, digits, `_`, `-` and `.`.",
    },
    CodeInfo {
        code: "R113",
        title: "YAML reads this otherwise than it looks",
        explain: "\
The text is valid, and means something else than most readers take it for: a ` #` begins a comment, `|`
and `>` begin a block of text, typographic quotes are letters, and words such as `None` are text.

    name.full: Apt #5                # the text `Apt`
    name.full: \"Apt #5\"
    nothing_if: NULL                 # no value, not the word
    nothing_if: \"NULL\"
    default: None                    # the word `None`, not nothing

Put text in quotes; write `null`, or leave the key out, for no value.",
    },
];
