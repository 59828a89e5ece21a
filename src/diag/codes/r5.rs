//! R5: settings and adapters.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R501",
        title: "an unknown setting",
        explain: "\
This section of the settings has no such key. If it were ignored, a limit that was meant to apply would not.

    login: { dedline: 2s }           # `deadline`
    identifier: { kind: email, region: DE }      # only `phone` has a region

Fix the spelling; the help suggests the nearest key, or lists all keys. `landfall config show` prints all
effective settings.",
    },
    CodeInfo {
        code: "R502",
        title: "a setting with the wrong type",
        explain: "\
The value does not fit the setting: text instead of a number, a duration without a unit, or a word that is
not one of the choices.

    login: { deadline: 1500 }        # 1500ms
    lane: { memory: 128MB }          # 128MiB
    log: { level: verbose }          # error, warn, info, debug or trace

Durations are a whole number and ms, s, m, h or d; sizes are a whole number and B, KiB, MiB or GiB.",
    },
    CodeInfo {
        code: "R503",
        title: "a setting is missing",
        explain: "\
Most settings have a default. This one cannot: only you know where your records are, and which key the
ledger has.

    ledger: { url: sqlite:ledger.db }            # `key` is missing
    service: { tls: { key: tls.key } }           # a key without its certificate

Add the setting. `landfall config init` prints a file with all required settings.",
    },
    CodeInfo {
        code: "R504",
        title: "an environment variable is not set",
        explain: "\
`${NAME}` in a setting stands for the environment variable of that name. If it is not set, the setting would
be empty, and an empty key or address is worse than an error.

    key: ${LANDFALL_LEDGER_KEY}
    listen: 127.0.0.1:${PORT:-8080}              # with a default
    value: \"$${not a variable}\"                  # a literal `${`

Set the variable for the process, or add a default after `:-`.",
    },
    CodeInfo {
        code: "R505",
        title: "a file in the settings cannot be read",
        explain: "\
Rules, secrets, certificates, scripts and exports are given as paths. All of them are checked when the
settings are read, so that a missing file does not show up at a customer's login.

    key: file:secrets/ledger.key
    rules: rules/shop.yaml

Paths are relative to the settings file, not to the working directory. Check that the user of the service
can read the file. A secret file has at most 16 KiB.",
    },
    CodeInfo {
        code: "R506",
        title: "a setting that cannot be used",
        explain: "\
The value has the right type, but cannot be used: an address with another scheme, a decoy that is not a
stored password, or a region that does not exist.

    ledger: { url: postgres://db/ledger }        # sqlite:ledger.db
    webhooks: [ { url: http://crm.example } ]    # https://, so that events are encrypted
    decoy: { scheme: bcrypt, value: secret }     # a stored hash, not a password

Change the value as the help suggests. SQLite addresses are `sqlite:` and a path, without parameters.",
    },
    CodeInfo {
        code: "R507",
        title: "a setting out of bounds",
        explain: "\
Every limit has bounds within which it works. Outside of them the service would refuse everybody, or the
limit would stop no attack.

    login: { turns: 0 }              # no password would ever be verified
    argon2: { memory: 4GiB }         # one hash would take the memory of the machine
    logins: []                       # no customer would ever be found

Set a value within the bounds in the message.",
    },
    CodeInfo {
        code: "R508",
        title: "two settings contradict each other",
        explain: "\
Each of the two settings is valid; together, one of them has no effect or does harm. Both are marked.

    login: { deadline: 1s, floor: 2s }           # refusals would come after the deadline
    lane: { memory: 16MiB }                      # less than one hash of 19MiB

Change one of them. Callers must have different names, and so must webhooks. Accounts and ledger must be two
files.",
    },
    CodeInfo {
        code: "R509",
        title: "passwords would be sent unencrypted",
        explain: "\
Other machines could reach the service without TLS, so that anybody on the network could read the passwords
of customers.

    listen: 0.0.0.0:8080
    service: { tls: { certificate: tls.pem, key: tls.key } }

Set `service.tls`, or listen on 127.0.0.1. If a proxy in the same private network terminates TLS, set
`service: { allow_plain_http: true }`.",
    },
    CodeInfo {
        code: "R510",
        title: "a secret that is too weak",
        explain: "\
A key or token is too short to withstand guessing, or cannot be decoded. The ledger's key needs at least 32
bytes and a pepper 16, both in hexadecimal or Base64. Tokens of callers and secrets of webhooks need at least
32 characters.

    key: changeme
    key: file:ledger.key             # generated by `openssl rand -hex 32`

Generate a new one with `openssl rand -hex 32`. The ledger's key must not change once customers have
migrated: the ledger identifies customers by digests under this key.",
    },
    CodeInfo {
        code: "R511",
        title: "rules that cannot be used for logins",
        explain: "\
The rules compile, but cannot be used for logins: they do not define who a record is (`identify`) or what a
password is verified against (`credential`), they define no claims, a parameter is not set or not declared,
or one of their tests fails.

    params: { regoin: DE }           # the rules declare `region`

Set the parameters that the rules declare. Run `landfall test` on the rules: what fails there would fail
for a customer.",
    },
    CodeInfo {
        code: "R512",
        title: "a weak setting",
        explain: "\
The setting works, but protects less than it should: hashes that cost less than the OWASP Password Storage
Cheat Sheet recommends, or a secret file, TLS key, ledger or account store that users other than its owner
can access.

    argon2: { memory: 8MiB, passes: 1 }
    argon2: { memory: 19MiB, passes: 2 }

This is a warning: machines with little memory and containers with a single user may have good reasons.",
    },
    CodeInfo {
        code: "R513",
        title: "a comparison that does not fit identifiers",
        explain: "\
The query compares identifiers by other rules than Landfall. Looser rules find other customers as well: `LIKE`
takes `%` and `_` as wildcards, and the usual collations of MySQL ignore accents, so that the query finds
`jörg` for `jorg`. Landfall refuses such a record, but if both customers exist, neither can sign in. Stricter
rules miss customers: `lower`, `upper`, `NOCASE` and `LIKE` of SQLite ignore the case of ASCII letters only.

    WHERE lower(user_login) = :identifier                  # SQLite: misses `ÄNNE`
    WHERE user_login = :identifier COLLATE landfall

    WHERE user_login = :identifier                         # MySQL: also finds `jörg` for `jorg`
    WHERE user_login = :identifier AND LOWER(user_login) = :identifier COLLATE utf8mb4_bin

    WHERE email ILIKE :identifier                          # PostgreSQL: `a_b` also finds `axb`
    WHERE lower(email) = :identifier

`landfall check --config FILE --connect` also looks at the collations of the columns. The collation `landfall`
is available in every query of an SQLite source; it reads every row.",
    },
    CodeInfo {
        code: "R514",
        title: "a system that cannot be used",
        explain: "\
`landfall check --config FILE --connect` connects to the source, and lets the database prepare every query.
This failed: the database cannot be reached, refuses the user or the certificate, or a query does not match
its tables.

    record: SELECT id, emial FROM accounts WHERE lower(email) = :identifier

The finding shows the words of the database. No record was read.",
    },
    CodeInfo {
        code: "R515",
        title: "a target that takes less than the rules make",
        explain: "\
`landfall check --config FILE --connect` asks the target what it can store and do. It does not know some
attributes that the rules of the target make, so they are left out of every account, or it lacks something
that Landfall needs to find accounts again.

    target.rules: the service does not know these attributes, which are left out: `nickName`, `photos`

This is a warning: a value may be of no use there. If it is needed, write a rule file of your own (`rules`)
that puts it where the target has a place for it.",
    },
    CodeInfo {
        code: "R516",
        title: "an assessment that cannot be used",
        explain: "\
`drift` compares live records with the shape that the records of an export had. The file is not the JSON
document of an assessment, it was written by another version, or no record was assessed.

    drift: { assessment: report.html }           # the JSON document, not the report for people
    drift: { assessment: assessment.json }

Write one from a recent export of the legacy system: `landfall assess --rules shop.yaml --in export.ndjson
--format json > assessment.json`.",
    },
];
