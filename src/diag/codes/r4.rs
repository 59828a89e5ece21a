//! R4: types and schema.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R401",
        title: "types that cannot meet",
        explain: "\
A step, a condition or a claim gets a kind of value that it can never take, so that it would fail or be
left out for every record.

    roles: { from: $.roles, do: [ split: \",\", lowercase ] }            # a list comes in
    roles: { from: $.roles, do: [ split: \",\" ], each: [ lowercase ] }
    email.verified: { value: maybe }                                  # the claim holds a boolean

Convert the value first (`to_text`, `to_boolean`, `split`, `first`), or use `each` for the elements of
a list. In conditions stand predicates: ops that give true or false.",
    },
    CodeInfo {
        code: "R402",
        title: "nothing makes a claim that the target needs",
        explain: "\
The target schema says that accounts, or a part of them, always have this claim, and no rule makes it.
Every record would be held back.

    account:
      email.verified: { value: false }
      email.value: $.mail              # the profile needs it wherever there is an `email`

Add a rule for the claim, or leave out the other rules of its part.",
    },
    CodeInfo {
        code: "R403",
        title: "a failure is left open",
        explain: "\
A step of this rule can fail on some record, and nothing says what happens then. A lookup without
`default` fails on every key that it does not have, a date on every text that is none.

    created_at: { from: $.created, do: [ date ], on_error: warn }
    address.country: { from: $.country, do: [ lookup: { table: countries, default: null } ] }
    defaults: { on_error: warn }       # once, for all rules that do not say

`reject` holds the record back, `warn` leaves the claim out and names it, `skip` leaves it out, `default`
takes the rule's `default`.",
    },
    CodeInfo {
        code: "R404",
        title: "parts of a rule contradict each other",
        explain: "\
A claim that must be there cannot be skipped in silence, and `on_error: default` needs a `default`. A part
of a `value:` that is always empty is always left out.

    email.value: { from: $.mail, do: [ email ], required: true, on_error: skip }
    email.value: { from: $.mail, do: [ email ], required: true, on_error: reject }
    locale: { from: $.lang, do: [ language ], default: en, on_error: default }
    status: { when: { $.closed: true }, value: closed, otherwise: active }      # `otherwise` needs `when`

Decide which of the two is meant and remove the other.",
    },
    CodeInfo {
        code: "R405",
        title: "a lookup gives a value that the claim cannot hold",
        explain: "\
The last step of the rule is a lookup, and one of its values is none that the schema admits for the
claim. Records with that key would be held back.

    lookups:
      states: { \"0\": active, \"1\": asleep }
    account:
      status: { from: $.state, do: [ lookup: states ] }     # `asleep` is no status

Mend the entry, or add a step behind the lookup.",
    },
    CodeInfo {
        code: "R406",
        title: "an argument is missing or unusable",
        explain: "\
The step needs an argument that is not there, or what stands there has no meaning for it.

    do: [ split ]                      # by what?
    do: [ split: \",\" ]
    do: [ date: { format: \"%Q\" } ]     # no such directive

`landfall ops NAME` tells what an argument takes, with examples.",
    },
    CodeInfo {
        code: "R407",
        title: "the target is no schema",
        explain: "\
`target` names neither a built-in schema nor a readable JSON Schema file, so claims cannot be checked.

    target: standard
    target: scim
    target: schemas/customer.json

`landfall schema` lists the built-in schemas. A file is found by a `/` or a `.` in its name.",
    },
    CodeInfo {
        code: "R408",
        title: "there is no such password scheme",
        explain: "\
`scheme` names how the stored password was made, and no scheme has this name. No password could be verified.

    credential: { from: $.user_pass, scheme: bcrypt }
    credential: { from: $.user_pass, scheme: [ bcrypt, phpass ] }    # told apart by their prefix

`landfall password schemes` lists all schemes and their other names.",
    },
    CodeInfo {
        code: "R409",
        title: "password schemes that cannot be told apart",
        explain: "\
Of several schemes the stored text must say which it is. Only one of a list may be a bare digest without
a prefix of its own.

    credential: { from: $.password, scheme: [ bcrypt, md5, sha1 ] }   # `md5` or `sha1`?
    credential: { from: $.password, scheme: $.password_type }         # the record says

Keep one of the bare digests, or let the record name the scheme.",
    },
    CodeInfo {
        code: "R410",
        title: "a claim that the target needs is made only sometimes",
        explain: "\
The target schema says that every account has this claim, and the only rule that makes it has a `when`.
Records for which the condition does not hold are held back by the schema, without a reason of yours.

    admit:
      - { refuse: no_login, when: { $.login: missing } }
    account:
      username: $.login                # no `when` is needed behind the refusal

Refuse such records under `admit`, or let the rule cover them too.",
    },
    CodeInfo {
        code: "R412",
        title: "rules are over a limit",
        explain: "\
A lookup has at most 100 000 entries, and a chain at most 256 steps after all named chains in it are
written out. The limits bound the time and memory of one login.

    let:
      cleaned: { from: $.text, do: [ first_half ] }
    account:
      custom.text: { from: $cleaned, do: [ second_half ] }

Split long chains with `let`. Let the source join very large tables before the export.",
    },
    CodeInfo {
        code: "R413",
        title: "the answer of a condition is always the same",
        explain: "\
The condition compares a value with itself or with something that it can never equal, or it is asked of every
element of a list and reads no element. It would hold always or never, for all elements or for none.

    do: [ find: { $.id: $.address_id } ]            # both read the record
    do: [ find: { $item.id: $.address_id } ]        # the element whose id is named by the record
    when: { $tags: vip }                            # `$tags` is a list
    when: { $tags: { contains: vip } }

Inside lists the element is `$item`, its number `$index`, and its key in an object `$key`. The members that
`each` makes have to read the element too. A member that is read of a list, as `$tags.name`, never has a
value: write `$tags[0].name`, or take one element first. A condition on the record as a whole stands under `when`.",
    },
    CodeInfo {
        code: "R414",
        title: "a part of a rule never takes effect",
        explain: "\
What is written here can never happen, because another part of the rule settles it before. It says
something that the rules do not do.

    status: { when: { $.active: true }, value: active, default: locked }      # the default is never taken
    status: { when: { $.active: true }, value: active, otherwise: locked }
    phone.value: { from: $.phone, do: [ phone: { region: [ US, $.country ] } ] }
    phone.value: { from: $.phone, do: [ phone: { region: [ $.country, US ] } ] }

`default` is for no value, `otherwise` for a `when` that does not hold, `on_error` for a step that fails.
Remove what has no effect, or write what was meant.",
    },
    CodeInfo {
        code: "R415",
        title: "parts of a stored password that do not fit its scheme",
        explain: "\
A scheme reads certain parts. One that it needs and does not get, or one that it does not use, makes every
stored password unusable, which would show at the first login only.

    credential: { from: $.password_digest, scheme: clerk }                    # which hasher?
    credential: { from: $.password_digest, scheme: clerk, hasher: $.hasher }
    credential: { hash_hex: $.hash, scheme: template, template: md5($salt . $pass) }   # no salt

`landfall password schemes NAME` lists the parts of a scheme and shows rules that read it. An object that
holds the parts is handed over as `parameters`.",
    },
    CodeInfo {
        code: "R416",
        title: "a verifier that is not declared",
        explain: "\
`credential.source` names where a password is verified when there is no stored hash. The name must be one
of `verifiers`, so that a misspelt one is found before a customer signs in.

    verifiers: [ legacy-ldap-bind ]
    credential: { source: legacy-ldap-bind }

`landfall check --config landfall.yaml` also tells whether the settings have such a verifier.",
    },
];
