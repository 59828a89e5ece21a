//! R2: names and paths.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R201",
        title: "the target has no such claim",
        explain: "\
The key of a rule is the path of a claim in the target schema, and the schema has no claim with this name.
The account would have a member that nothing reads.

    account:
      first_name: $.first_name       # the standard profile says `name.given`
      name.given: $.first_name

`landfall schema standard` lists the claims. Data that a profile has no claim for goes in `custom.NAME`.",
    },
    CodeInfo {
        code: "R202",
        title: "a name is taken or invalid",
        explain: "\
Two rules set the same claim or working value, or the name of a working value cannot be used in a
reference. Claims are the same if their paths are the same, quoted or not.

    account:
      name.given: $.first_name
      name.\"given\": $.nickname       # the same claim

Keep one rule; to read a claim from two places, use a list: `from: [ $.first_name, $.nickname ]`. Names of
working values consist of ASCII letters, digits and `_`.",
    },
    CodeInfo {
        code: "R203",
        title: "an invalid path",
        explain: "\
A reference is `$` or `$name`, followed by a path as in RFC 9535. The marked character is not allowed here.

    username: $.user-name            # `-` ends a name
    username: $['user-name']         # brackets and quotes allow every name
    email.value: $.emails[0].value   # elements of lists

Put names with spaces, dots, dashes or colons in brackets and quotes.",
    },
    CodeInfo {
        code: "R204",
        title: "an unknown name",
        explain: "\
A reference begins with a variable, parameter, claim or fact that does not exist, or not in this place:
`$item`, `$index` and `$key` exist only inside lists, `$account` only where claims are computed.

    let:
      meta: { from: $.meta, do: [ pivot: { key: k, value: v } ] }
    account:
      name.given: $mata.first_name   # `$meta`
      name.family: $.meta.last_name  # with a dot, it reads the record

Fix the name, declare it under `let` or `params`, or write `$.name` to read the record.",
    },
    CodeInfo {
        code: "R205",
        title: "there is no such step",
        explain: "\
A step is a built-in op or a chain defined under `steps`, and neither has this name.

    username: { from: $.login, do: [ lower ] }         # the op is `lowercase`
    username: { from: $.login, do: [ trim, lowercase ] }

`landfall ops` lists all ops, `landfall ops date` describes one, and `landfall ops to_lower` translates a
name from another language. Prefix chains of shared files with the name of their file: `contact.email`.",
    },
    CodeInfo {
        code: "R206",
        title: "the step has no such argument",
        explain: "\
The step has no such argument. If it were silently ignored, a typo would change what the step does.

    created_at:
      from: $.created
      do: [ date: { fromat: \"%Y-%m-%d\" } ]             # `format`
    username: { from: $.login, do: [ trim: true ] }    # `trim` takes none

`landfall ops NAME` lists the arguments of an op. Named chains take none.",
    },
    CodeInfo {
        code: "R207",
        title: "there is no such lookup",
        explain: "\
The step `lookup` names a table that the file does not declare.

    lookups:
      countries: { Germany: DE, France: FR }
    account:
      address.country: { from: $.country, do: [ lookup: country ] }   # `countries`

Fix the name, or declare the table. Prefix tables of shared files with the name of their file:
`contact.countries`.",
    },
    CodeInfo {
        code: "R208",
        title: "something is declared and never used",
        explain: "\
Nothing reads this working value, parameter, lookup or chain. Often this is the sign of a mistake
elsewhere: a claim that reads the raw field instead of the cleaned one.

    let:
      mail: { from: $.mail, do: [ trim, lowercase ] }
    account:
      email.value: $.mail            # was `$mail` meant?

Use it or remove it. Only files without errors are checked for this.",
    },
    CodeInfo {
        code: "R209",
        title: "a circular dependency",
        explain: "\
Claims and working values are computed in the order of their dependencies; a circle has no first one.
Chains and shared files cannot use themselves either.

    let:
      a: { value: \"{$b}\" }
      b: { value: \"{$a}\" }

Make one of them read the record, or move what both need into a third.",
    },
    CodeInfo {
        code: "R210",
        title: "the path is expensive",
        explain: "\
The cost of this path grows faster than the record: two `..` visit every pair of places, a regex in a
filter is compiled for every element, and `$` in a filter reads the record again for every element.

    from: $..addresses..city                       # slow
    from: $.profile.addresses[*].city              # fast

Spell out the members, or use the steps `find` and `filter`, which take conditions.",
    },
    CodeInfo {
        code: "R211",
        title: "a brace in text without a reference",
        explain: "\
Text with braces is a template: every pair of braces contains a reference. Anything else would be copied
as it is, including the braces.

    name.full: \"{given} {family}\"                   # not references
    name.full: \"{$.first_name} {$.last_name}\"

Write `{$.field}` or `{$name.field}`. Write `{{` and `}}` for literal braces.",
    },
    CodeInfo {
        code: "R213",
        title: "a file that the rules name cannot be used",
        explain: "\
A shared file, a lookup file or a target schema cannot be read, or does not contain what it should. Paths
are relative to the file that names them and cannot leave the folder of the rules, nor can links. The folder
itself may be a link.

    use: [ common/contact.yaml ]
    lookups:
      countries: { file: countries.csv, key: name, value: alpha2 }

Fix the path or the column. Lookup files are CSV with a header, or JSON or YAML maps; shared files contain
`lookups` and `steps`, but no claims.",
    },
    CodeInfo {
        code: "R214",
        title: "an argument that takes no reference",
        explain: "\
This argument is read together with the rules, before there is a record. A reference in it would be taken
as literal text.

    replace_matching: { pattern: '\\d+', with: $.mask }    # inserts the text `$.mask`?
    replace: { find: x, with: $.mask }                 # inserts the value of the field

Use an op whose argument may be a reference (`landfall ops NAME` says which), or a script. In an argument
that takes references, write a second dollar for text that looks like a reference: `$$.mask`.",
    },
    CodeInfo {
        code: "R215",
        title: "a word is compared as text",
        explain: "\
A bare word after a reference in a condition is text that the value must equal, unless it is `present`,
`missing`, `blank` or a predicate without arguments. This word looks like one of those, or like a comparison
in another language.

    when: { $.hours: is_int }          # `is_integer`
    when: { $.hours: exists }          # `present`
    when: { $.age: \">= 18\" }         # `{ at_least: 18 }`
    when: { $.state: [ missing, new ] }      # any: [ { $.state: missing }, { $.state: new } ]

Use quotes for the text itself: `$.state: \"exists\"`. For text that begins with a comparison operator,
write `{ equals: \"> 18\" }`.",
    },
    CodeInfo {
        code: "R216",
        title: "syntax of another language",
        explain: "\
Placeholders, operators and functions of other languages have no meaning in a value: they would stay text,
or break a path. Put references inside text in braces, list several places to read from under `from`, and
use steps for everything else.

    name.full: \"{{ record.first }} {{ record.last }}\"
    name.full: \"{$.first} {$.last}\"
    email.value: $.mail || $.login
    email.value: { from: [ $.mail, $.login ] }
    username: lower($.login)
    username: { from: $.login, do: [ lowercase ] }

Write `$$` for a dollar where a reference could begin: at the start of a text, and before `.`, `[` or `{`.",
    },
];
