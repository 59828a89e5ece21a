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
Tests are picked by their name with `--filter`, their snapshots are named after them, and reports in CI
systems tell them apart by it.

    tests:
      - { name: editor, record: a.json, expect: { roles: [ staff ] } }
      - { name: editor, record: b.json, expect: { roles: [ staff ] } }

Give each test a name that says what is special about its record.",
    },
    CodeInfo {
        code: "R603",
        title: "a change does not name one field",
        explain: "\
`with` sets fields of the record and `without` takes them away. Each entry must lead to exactly one place
of the record, by names and positions.

    with: { '$.emails[*].verified': true }    # several places
    with: { $meta.phone: '' }                 # no place of the record
    with: { '$.emails[0].verified': true }

Working values, parameters and facts are no part of the record: use `params` and `facts` for those.",
    },
    CodeInfo {
        code: "R604",
        title: "a test expects nothing",
        explain: "\
A test that expects nothing passes whatever the rules do.

    - { name: editor, record: editor.json }

Say what must become of the record: `expect` for some claims, `exactly` for the whole account, `refused`
or `rejected` for a record that must not become one, `accounts` for one that yields several, `password`
for its credential, or `snapshot` to keep all of it in a file.",
    },
    CodeInfo {
        code: "R605",
        title: "two expectations exclude each other",
        explain: "\
A record becomes an account, or the customer is refused, or the record is held back. A test that expects
two of these could never pass; `expect` and `exactly` beside each other, or an expectation beside
`accounts`, leave open which of the two counts.

    - { name: spammer, record: { ID: 9 }, refused: spammer, expect: { username: x } }

Keep one of them, or write two tests.",
    },
    CodeInfo {
        code: "R606",
        title: "the record of a test cannot be had",
        explain: "\
The file does not exist, no file is named like the pattern, or it is not a kind of file that records come
in. A test without its record would be left out in silence.

    record: records/wordpres-2.json

Paths are relative to the test file and may have `*` in their last part. Records are `.json` and `.yaml`
files with one record, and `.ndjson` or `.jsonl` files with one record per line.",
    },
    CodeInfo {
        code: "R607",
        title: "two records share a snapshot",
        explain: "\
Every record has a snapshot of its own; with one file for several, each would overwrite that of the one
before it.

    - { name: all samples, record: 'records/*.json', snapshot: samples.json }
    - { name: all samples, record: 'records/*.json', snapshot: snapshots/ }

Name a folder. The files in it are named after the test and the record.",
    },
    CodeInfo {
        code: "R608",
        title: "a test leaves a parameter without value",
        explain: "\
The rules declare a parameter without a default, so every deployment must set it, and every test too.

    params: { region: {} }           # in the rules
    params: { region: DE }           # in the test, or at the top of the test file

Set it, or give it a default in the rules.",
    },
    CodeInfo {
        code: "R609",
        title: "a test names something that the rules do not have",
        explain: "\
A parameter, the reason of a refusal, a warning or the rule of a rejection is none of those that the rules
can give. The test could never pass, or a misspelt parameter would have no effect.

    refused: spamer                  # the rules say `refuse: spammer`

Mend the name. Warnings are named after their claim, unless `on_error: { warn: name }` says otherwise.",
    },
    CodeInfo {
        code: "R610",
        title: "a test expects a claim that the schema does not have",
        explain: "\
No account can ever have this claim. Expected as `null` it would make a test that cannot fail.

    expect: { usrname: ada }
    expect: { email.value: ada@example.com }        # an account is nested
    expect: { email: { value: ada@example.com } }

Write the claim as the target schema names it, objects inside each other.",
    },
];
