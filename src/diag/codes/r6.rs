//! R6: tests.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R601",
        title: "a list of tests is empty",
        explain: "\
A list without tests checks nothing, and that must not look like success.

    tests: []

Write a test, or remove the key.",
    },
    CodeInfo {
        code: "R602",
        title: "two tests have the same name",
        explain: "\
The name selects a test with `--filter`, names its snapshot, and identifies the test in CI reports.

    tests:
      - { name: editor, record: a.json, expect: { roles: [ staff ] } }
      - { name: editor, record: b.json, expect: { roles: [ staff ] } }

Give each test a name that says what is special about its record.",
    },
    CodeInfo {
        code: "R603",
        title: "a change does not name one field",
        explain: "\
`with` sets fields of the record and `without` removes them. Each entry must be a path to exactly one
field, made of names and positions.

    with: { '$.emails[*].verified': true }    # several fields
    with: { $meta.phone: '' }                 # not a field of the record
    with: { '$.emails[0].verified': true }

Working values, parameters and facts are not part of the record; set the latter with `params` and `facts`.",
    },
    CodeInfo {
        code: "R604",
        title: "a test expects nothing",
        explain: "\
A test that expects nothing passes whatever the rules do.

    - { name: editor, record: editor.json }

Add an expectation: `expect` for some claims, `exactly` for the whole account, `refused` or `rejected` for
a record that must not become an account, `accounts` for a record that yields several, `password` for its
credential, or `snapshot` to keep the whole result in a file.",
    },
    CodeInfo {
        code: "R605",
        title: "two expectations contradict each other",
        explain: "\
A record becomes an account, or the customer is denied, or the record is invalid. A test that expects two
of these could never pass. `expect` together with `exactly`, or an expectation together with `accounts`,
is ambiguous.

    - { name: spammer, record: { ID: 9 }, refused: spammer, expect: { username: x } }

Keep one of them, or write two tests.",
    },
    CodeInfo {
        code: "R606",
        title: "the record of a test cannot be loaded",
        explain: "\
The file does not exist, no file matches the pattern, or the file type is not supported. A test without
its record would be silently skipped.

    record: records/wordpres-2.json

Paths are relative to the test file and may contain `*` in their last part. Records are `.json` and `.yaml`
files with one record, and `.ndjson` or `.jsonl` files with one record per line.",
    },
    CodeInfo {
        code: "R607",
        title: "two records share a snapshot",
        explain: "\
Every record has its own snapshot; if several shared a file, each would overwrite the one before it.

    - { name: all samples, record: 'records/*.json', snapshot: samples.json }
    - { name: all samples, record: 'records/*.json', snapshot: snapshots/ }

Give a folder. The files in it are named after the test and the record.",
    },
    CodeInfo {
        code: "R608",
        title: "a test does not set a parameter",
        explain: "\
The rules declare a parameter without a default, so every deployment must set it, and every test too.

    params: { region: {} }           # in the rules
    params: { region: DE }           # in the test, or at the top of the test file

Set the parameter, or give it a default in the rules.",
    },
    CodeInfo {
        code: "R609",
        title: "a test names something that the rules do not have",
        explain: "\
The rules have no such parameter, reason, warning, or rule that can make a record invalid. The test could
never pass, or the misspelt parameter would have no effect.

    denied: spamer                   # the rules say `deny: spammer`

Fix the name. Warnings are named after their claim, unless `on_error: { warn: name }` says otherwise.",
    },
    CodeInfo {
        code: "R610",
        title: "a test expects a claim that the schema does not have",
        explain: "\
No account can ever have this claim. A test that expects it to be `null` could never fail.

    expect: { usrname: ada }
    expect: { email.value: ada@example.com }        # an account is nested
    expect: { email: { value: ada@example.com } }

Use the claim's name in the target schema, and write objects as nested maps.",
    },
];
