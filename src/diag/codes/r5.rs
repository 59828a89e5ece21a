//! R5: settings and adapters.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R501",
        title: "an unknown setting",
        explain: "\
A key that this section of the settings does not know would be ignored in silence: a limit that was meant
to hold would not hold.

    login: { dedline: 2s }           # `deadline`
    identifier: { kind: email, region: DE }      # only `phone` has a region

Mend the spelling; the help names the nearest key, or all of them. `landfall config show` prints every
setting with the value in force.",
    },
    CodeInfo {
        code: "R502",
        title: "a setting of another kind",
        explain: "\
The value cannot be what the setting is: text where a number belongs, a duration without a unit, a word
that is none of those possible.

    login: { deadline: 1500 }        # 1500ms
    lane: { memory: 128MB }          # 128MiB
    log: { level: verbose }          # error, warn, info, debug or trace

Durations are a whole number and one of ms, s, m, h, d; sizes one and B, KiB, MiB, GiB.",
    },
    CodeInfo {
        code: "R503",
        title: "a setting is missing",
        explain: "\
Most settings have a default. This one cannot: nobody but you knows where your records are, or which key
names your customers.

    ledger: { url: sqlite:ledger.db }            # `key` is missing
    service: { tls: { key: tls.key } }           # a key without its certificate

Add it. `landfall config init` prints a file with all that is needed.",
    },
    CodeInfo {
        code: "R504",
        title: "an environment variable is not set",
        explain: "\
`${NAME}` in a setting stands for the environment variable of that name. Without it the setting would be
empty, and an empty key or address is worse than none.

    key: ${LANDFALL_LEDGER_KEY}
    listen: 127.0.0.1:${PORT:-8080}              # with a default
    value: \"$${not a variable}\"                  # the characters themselves

Set the variable for the process, or give a default after `:-`.",
    },
    CodeInfo {
        code: "R505",
        title: "a file that the settings name cannot be read",
        explain: "\
Rules, secrets, certificates, scripts and exports are named by their paths. They are looked for when the
settings are read, so that nothing is found missing at a customer's login.

    key: file:secrets/ledger.key
    rules: rules/shop.yaml

Paths are relative to the settings file, not to the working folder. Check that the user of the service
may read the file. A secret has at most 16 KiB.",
    },
    CodeInfo {
        code: "R506",
        title: "a setting that cannot be used",
        explain: "\
The value is of the right kind, and still nothing can be done with it: an address of another scheme, a
decoy that is no stored password, a region that does not exist.

    ledger: { url: postgres://db/ledger }        # sqlite:ledger.db
    webhooks: [ { url: http://crm.example } ]    # https://, events must not travel in the open
    decoy: { scheme: bcrypt, value: secret }     # a stored hash, not a password

Write what the message expects. SQLite addresses are `sqlite:` and a path, without parameters.",
    },
    CodeInfo {
        code: "R507",
        title: "a setting out of bounds",
        explain: "\
Every limit has bounds within which it still does its work. Beyond them a service would refuse everybody,
or its limit would stop nothing.

    login: { turns: 0 }              # nobody would ever be verified
    argon2: { memory: 4GiB }         # one hash would take the memory of the machine
    logins: []                       # a source that finds nobody

Choose a value within the bounds that the message names.",
    },
    CodeInfo {
        code: "R508",
        title: "two settings contradict each other",
        explain: "\
Each of the two could hold alone; together one of them is without effect or harmful. Both are marked.

    login: { deadline: 1s, floor: 2s }           # refusals would come after the deadline
    lane: { memory: 16MiB }                      # less than one hash of 19MiB

Change one of them. Names of callers and webhooks are different from each other, and accounts and ledger
are two files.",
    },
    CodeInfo {
        code: "R509",
        title: "passwords would travel in the open",
        explain: "\
The service would be reached by other machines without TLS, so that anybody on the way could read the
passwords of customers.

    listen: 0.0.0.0:8080
    service: { tls: { certificate: tls.pem, key: tls.key } }

Set `service.tls`, or listen at 127.0.0.1. When a proxy in the same private network ends TLS, say so with
`service: { allow_plain_http: true }`.",
    },
    CodeInfo {
        code: "R510",
        title: "a secret that protects nothing",
        explain: "\
A key or token is too short to withstand guessing, or cannot be decoded. The ledger's key has at least 32
bytes, a pepper 16, both in hexadecimal or Base64; tokens of callers and secrets of webhooks have at least
32 characters.

    key: changeme
    key: file:ledger.key             # made by `openssl rand -hex 32`

Make a new one with `openssl rand -hex 32`. The ledger's key must stay the same once customers were
migrated: it is what they are named by.",
    },
    CodeInfo {
        code: "R511",
        title: "rules that cannot serve logins",
        explain: "\
The rules compile, and still no login could use them: they do not say who a record is (`identify`) or what
a password is verified against (`credential`), they make no claims, a parameter is not set or not declared,
or one of their own tests fails.

    params: { regoin: DE }           # the rules declare `region`

Set the parameters that the rules declare. Run `landfall test` on the rules: what fails there would fail
for a customer.",
    },
    CodeInfo {
        code: "R512",
        title: "a weak setting",
        explain: "\
The setting works, and protects less than it should: hashes cheaper than the OWASP Password Storage Cheat
Sheet asks for, or a secret file, TLS key, ledger or account store that others than its owner can read.

    argon2: { memory: 8MiB, passes: 1 }
    argon2: { memory: 19MiB, passes: 2 }

It is a warning: machines with little memory, and containers with one user, may have good reasons.",
    },
    CodeInfo {
        code: "R513",
        title: "a comparison that misses customers",
        explain: "\
SQLite's `lower`, `upper`, `NOCASE` and `LIKE` ignore the case of ASCII letters only, and know neither
blanks around a name nor composed letters. A customer who is stored as `\u{c4}NNE` cannot sign in, and a
sign-up check calls the name free.

    WHERE lower(user_login) = :identifier
    WHERE user_login = :identifier COLLATE landfall

The collation `landfall` compares texts as identifiers, by their one spelling. It is there in every query
of an SQLite source. It looks at every row: for a table of millions, keep the one spelling in an indexed
column of a copy, and compare that column with `=`.",
    },
];
