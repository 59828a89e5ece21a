//! R4: types and schema.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R401",
        title: "types that do not match",
        explain: "\
A step, a condition or a claim gets a type of value that it does not accept, so it would fail or be left
out for every record.

    roles: { from: $.roles, do: [ split: \",\", lowercase ] }            # the input is a list
    roles: { from: $.roles, do: [ split: \",\" ], each: [ lowercase ] }
    email.verified: { value: maybe }                                  # the claim is a boolean

Convert the value first (`to_text`, `to_boolean`, `split`, `first`), or use `each` for the elements of
a list. Conditions take predicates: ops that return true or false.",
    },
    CodeInfo {
        code: "R402",
        title: "no rule sets a claim that the target requires",
        explain: "\
The target schema requires this claim in every account, or in every object it belongs to, and no rule sets
it. Every record would be invalid.

    account:
      email.verified: { value: false }
      email.value: $.mail              # the profile requires it if there is an `email`

Add a rule for the claim, or remove the other rules of its object.",
    },
    CodeInfo {
        code: "R403",
        title: "a failure is not handled",
        explain: "\
A step of this rule can fail on some record, and the rule does not say what happens then. A lookup without
`default` fails on every unknown key, `date` fails on every text that is not a date.

    created_at: { from: $.created, do: [ date ], on_error: warn }
    address.country: { from: $.country, do: [ lookup: { table: countries, default: null } ] }
    defaults: { on_error: warn }       # once, for all rules without their own

`reject` makes the record invalid, `warn` leaves the claim out with a warning, `skip` leaves it out, and
`default` uses the rule's `default`.",
    },
    CodeInfo {
        code: "R404",
        title: "parts of a rule contradict each other",
        explain: "\
A required claim cannot be skipped silently, and `on_error: default` needs a `default`. A part of a `value:`
that is always empty is always left out.

    email.value: { from: $.mail, do: [ email ], required: true, on_error: skip }
    email.value: { from: $.mail, do: [ email ], required: true, on_error: reject }
    locale: { from: $.lang, do: [ language ], default: en, on_error: default }
    status: { when: { $.closed: true }, value: closed, otherwise: active }      # `otherwise` needs `when`

Decide which of the two you mean and remove the other.",
    },
    CodeInfo {
        code: "R405",
        title: "a lookup has a value that the claim does not accept",
        explain: "\
The last step of the rule is a lookup, and the schema does not allow one of its values for the claim.
Records with that key would be invalid.

    lookups:
      states: { \"0\": active, \"1\": asleep }
    account:
      status: { from: $.state, do: [ lookup: states ] }     # `asleep` is not a status

Fix the entry, or add a step after the lookup.",
    },
    CodeInfo {
        code: "R406",
        title: "a missing or invalid argument",
        explain: "\
The step needs an argument that is missing, or the argument is not valid for this step.

    do: [ split ]                      # by what?
    do: [ split: \",\" ]
    do: [ date: { format: \"%Q\" } ]     # no such directive

`landfall ops NAME` describes the arguments, with examples.",
    },
    CodeInfo {
        code: "R407",
        title: "the target is not a schema",
        explain: "\
`target` names neither a built-in schema nor a readable JSON Schema file, so claims cannot be checked.

    target: standard
    target: scim
    target: schemas/customer.json

`landfall schema` lists the built-in schemas. A name with a `/` or a `.` is a file.",
    },
    CodeInfo {
        code: "R408",
        title: "there is no such password scheme",
        explain: "\
`scheme` says how the stored password was hashed, and no scheme has this name. No password could be verified.

    credential: { from: $.user_pass, scheme: bcrypt }
    credential: { from: $.user_pass, scheme: [ bcrypt, phpass ] }    # detected from the prefix

`landfall password schemes` lists all schemes and their aliases.",
    },
    CodeInfo {
        code: "R409",
        title: "password schemes that cannot be distinguished",
        explain: "\
With several schemes, the stored text must show which one it is. Only one scheme of a list may be a bare
digest without a prefix.

    credential: { from: $.password, scheme: [ bcrypt, md5, sha1 ] }   # `md5` or `sha1`?
    credential: { from: $.password, scheme: $.password_type }         # the record says

Keep one of the bare digests, or let the record name the scheme.",
    },
    CodeInfo {
        code: "R410",
        title: "a claim that the target requires is set only sometimes",
        explain: "\
The target schema requires this claim in every account, and the only rule that sets it has a `when`.
Records for which the condition is false are invalid, instead of denied with a reason that you choose.

    admit:
      - { deny: no_login, when: { $.login: missing } }
    account:
      username: $.login                # no `when` is needed after that

Deny such records under `admit`, or make the rule cover them too.",
    },
    CodeInfo {
        code: "R412",
        title: "the rules are over a limit",
        explain: "\
A lookup has at most 100 000 entries, and a chain has at most 256 steps after all named chains in it are
expanded. The limits bound the time and memory of one login.

    let:
      cleaned: { from: $.text, do: [ first_half ] }
    account:
      custom.text: { from: $cleaned, do: [ second_half ] }

Split long chains with `let`. Join very large tables in the source, before the export.",
    },
    CodeInfo {
        code: "R413",
        title: "the result of a condition is always the same",
        explain: "\
The condition compares a value with itself or with something that it can never equal, or it is tested for
every element of a list and reads no element. It would be always true or always false.

    do: [ find: { $.id: $.address_id } ]            # both read the record
    do: [ find: { $item.id: $.address_id } ]        # the element whose id is named by the record
    when: { $tags: vip }                            # `$tags` is a list
    when: { $tags: { contains: vip } }

Inside lists the element is `$item`, its number `$index`, and its key in an object `$key`. The members that
`each` builds have to read the element too. A member that is read of a list, as `$tags.name`, never has a
value: write `$tags[0].name`, or take one element first. A condition on the whole record goes under `when`.",
    },
    CodeInfo {
        code: "R414",
        title: "a part of a rule never takes effect",
        explain: "\
This part can never take effect, because another part of the rule decides first. It would mislead readers
of the rules.

    status: { when: { $.active: true }, value: active, default: locked }      # the default is never used
    status: { when: { $.active: true }, value: active, otherwise: locked }
    phone.value: { from: $.phone, do: [ phone: { region: [ US, $.country ] } ] }
    phone.value: { from: $.phone, do: [ phone: { region: [ $.country, US ] } ] }

`default` is for a missing value, `otherwise` for a `when` that is false, `on_error` for a step that fails.
Remove what has no effect, or change it to what you mean.",
    },
    CodeInfo {
        code: "R415",
        title: "parts of a stored password that do not match its scheme",
        explain: "\
A scheme reads certain parts. A missing part, or one that the scheme does not use, makes every stored
password unusable, which would show only at the first login.

    credential: { from: $.password_digest, scheme: clerk }                    # which hasher?
    credential: { from: $.password_digest, scheme: clerk, hasher: $.hasher }
    credential: { hash_hex: $.hash, scheme: template, template: md5($salt . $pass) }   # no salt

`landfall password schemes NAME` lists the parts of a scheme and shows rules that read it. Pass an object that
contains the parts as `parameters`.",
    },
    CodeInfo {
        code: "R416",
        title: "an undeclared verifier",
        explain: "\
`credential.source` names the verifier that checks a password when there is no stored hash. The name must be
one of `verifiers`, so that a typo is found before a customer signs in.

    verifiers: [ legacy-ldap-bind ]
    credential: { source: legacy-ldap-bind }

`landfall check --config landfall.yaml` also checks that the settings define the verifier.",
    },
];
