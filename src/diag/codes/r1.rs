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
];
