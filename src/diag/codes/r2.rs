//! R2: names and paths.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R201",
        title: "the target has no such claim",
        explain: "\
The key of a rule is the path of a claim in the target schema, and the schema has none of this name. The
account would carry a member that nobody reads.

    account:
      first_name: $.first_name       # the standard profile says `name.given`
      name.given: $.first_name

`landfall schema standard` lists the claims. What a profile has no claim for goes to `custom.NAME`.",
    },
    CodeInfo {
        code: "R202",
        title: "a name is taken or cannot be one",
        explain: "\
Two rules make the same claim or working value, or a working value has a name that a reference cannot
read. Claims are the same when their paths are, however they are quoted.

    account:
      name.given: $.first_name
      name.\"given\": $.nickname       # the same claim

Keep one rule; two sources of one claim are a list: `from: [ $.first_name, $.nickname ]`. Names of
working values have ASCII letters, digits and `_`.",
    },
    CodeInfo {
        code: "R203",
        title: "a path cannot be read",
        explain: "\
A reference is a path as in RFC 9535 behind `$` or `$name`. The marked character cannot stand where it
does.

    username: $.user-name            # `-` ends a name
    username: $['user-name']         # brackets and quotes take every name
    email.value: $.emails[0].value   # elements of lists

Put names with blanks, dots, dashes or colons in brackets and quotes.",
    },
    CodeInfo {
        code: "R204",
        title: "a name stands for nothing here",
        explain: "\
A reference begins with a variable, parameter, claim or fact that does not exist, or that means nothing
at this place: `$item`, `$index` and `$key` live inside lists, `$account` only where claims are made.

    let:
      meta: { from: $.meta, do: [ pivot: { key: k, value: v } ] }
    account:
      name.given: $mata.first_name   # `$meta`
      name.family: $.meta.last_name  # with the dot it reads the record

Mend the name, declare it under `let` or `params`, or write `$.name` to read the record.",
    },
    CodeInfo {
        code: "R205",
        title: "there is no such step",
        explain: "\
A step is a built-in op or a chain named under `steps`, and there is neither of this name.

    username: { from: $.login, do: [ lower ] }         # the op is `lowercase`
    username: { from: $.login, do: [ trim, lowercase ] }

`landfall ops` lists all ops, `landfall ops date` tells one, and `landfall ops to_lower` tells what a name
of another language is here. Chains of shared files have the name of their file before them:
`contact.email`.",
    },
    CodeInfo {
        code: "R206",
        title: "the step has no such argument",
        explain: "\
An argument that a step does not know would be ignored in silence, so it is refused.

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

Mend the name, or declare the table. Tables of shared files have the name of their file before them:
`contact.countries`.",
    },
    CodeInfo {
        code: "R208",
        title: "something is declared and never used",
        explain: "\
A working value, parameter, lookup or chain that nothing reads is dead, and is often the trace of a
mistake elsewhere: a claim that reads the raw field and not the cleaned one.

    let:
      mail: { from: $.mail, do: [ trim, lowercase ] }
    account:
      email.value: $.mail            # was `$mail` meant?

Use it or remove it. This is looked for only in files without errors.",
    },
    CodeInfo {
        code: "R209",
        title: "things need each other in a circle",
        explain: "\
Claims and working values are made in the order in which they need each other; in a circle there is no
first one. Chains and shared files may not use themselves either.

    let:
      a: { value: \"{$b}\" }
      b: { value: \"{$a}\" }

Let one of them read the record, or move what both need into a third.",
    },
    CodeInfo {
        code: "R210",
        title: "the path is costly",
        explain: "\
The time of this path grows faster than the record: two `..` visit every pair of places, a regex in a
filter is compiled for every element, and `$` in a filter reads the record again for every element.

    from: $..addresses..city                       # slow
    from: $.profile.addresses[*].city              # fast

Name the way with members, or use the steps `find` and `filter`, which take conditions.",
    },
    CodeInfo {
        code: "R211",
        title: "a brace in text holds no reference",
        explain: "\
Text with braces is a template: every brace holds a reference. Anything else would be copied as it
stands, braces and all.

    name.full: \"{given} {family}\"                   # names of nothing
    name.full: \"{$.first_name} {$.last_name}\"

Write `{$.field}` or `{$name.field}`. `{{` and `}}` write the braces themselves.",
    },
    CodeInfo {
        code: "R213",
        title: "a file that the rules name cannot be used",
        explain: "\
A shared file, a lookup file or a target schema cannot be read, or does not hold what it should. Paths
are relative to the file that names them and stay inside the folder of the rules.

    use: [ common/contact.yaml ]
    lookups:
      countries: { file: countries.csv, key: name, value: alpha2 }

Mend the path or the column. Lookup files are CSV with a header, or JSON or YAML maps; shared files hold
`lookups` and `steps` and no claims.",
    },
    CodeInfo {
        code: "R214",
        title: "an argument that takes no reference",
        explain: "\
This argument is fixed when the rules are read, before there is a record. A reference there would be
inserted letter by letter.

    replace_matching: { pattern: '\\d+', with: $.mask }    # inserts the text `$.mask`?
    replace: { find: x, with: $.mask }                 # inserts what the field holds

Use an op whose argument may be a reference (`landfall ops NAME` says which), or a script. In an argument
that takes references, text that is meant to look like one has a second dollar: `$$.mask`.",
    },
    CodeInfo {
        code: "R215",
        title: "a word is compared as text",
        explain: "\
A bare word behind a reference in a condition is text that the value must equal, unless it is `present`,
`missing`, `blank` or a predicate that needs no argument. This word is nearly one of those, or begins as a
comparison of another language does.

    when: { $.hours: is_int }          # `is_integer`
    when: { $.hours: exists }          # `present`
    when: { $.age: \">= 18\" }         # `{ at_least: 18 }`
    when: { $.state: [ missing, new ] }      # any: [ { $.state: missing }, { $.state: new } ]

Quotes say that the text is meant: `$.state: \"exists\"`. Text that begins with a sign of comparison is
written `{ equals: \"> 18\" }`.",
    },
    CodeInfo {
        code: "R216",
        title: "a text is written as in another language",
        explain: "\
Placeholders, operators and functions of other languages have no meaning in a value: they would stay text,
or break a path. References inside text stand in braces, the first of several values is a list under
`from`, and everything else is a step.

    name.full: \"{{ record.first }} {{ record.last }}\"
    name.full: \"{$.first} {$.last}\"
    email.value: $.mail || $.login
    email.value: { from: [ $.mail, $.login ] }
    username: lower($.login)
    username: { from: $.login, do: [ lowercase ] }

`$$` writes a dollar where a reference could begin: at the start of a text, and before `.`, `[` or `{`.",
    },
];
