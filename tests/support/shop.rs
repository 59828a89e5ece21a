//! A small shop: the rules of its records, and what every service of it is set to.

/// The rules of the tests: small, so that what is measured is the login.
pub const RULES: &str = "\
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
admit:
  - { deny: blocked, when: { $.state: blocked } }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  status: { from: $.state, default: active }
credential:
  scheme: md5
  hash_hex: $.password
";

/// What the tests show as callers.
pub const TOKEN: &str = "a-token-of-the-tests-0123456789-0123456789";

/// The cheapest Argon2 that is one, so that tests measure everything else.
pub const CHEAP: &str = "\
password: { argon2: { memory: 8KiB, passes: 1, lanes: 1 }, decoy: { scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 } }
";
