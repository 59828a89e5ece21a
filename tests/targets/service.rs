//! `landfall serve` between a legacy shop and a product.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::running::{md5, until};
pub use crate::support_service::{Service, outage, refused, signed_in};

/// The rules of the shop.
const RULES: &str = "\
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  name.given: $.given
  name.family: $.family
  name.full: '{$.given} {$.family}'
  status: active
credential:
  scheme: md5
  hash_hex: $.password
";

/// A customer of the shop, who signs in by the name `given.family`.
#[derive(Clone, Copy)]
pub struct Customer {
    pub given: &'static str,
    pub family: &'static str,
    pub password: &'static str,
}

impl Customer {
    /// The name with which the customer signs in.
    pub fn login(&self) -> String {
        format!("{}.{}", self.given, self.family).to_lowercase()
    }

    /// The mail address.
    pub fn mail(&self) -> String {
        format!("{}@example.com", self.login())
    }

    fn record(&self) -> Value {
        json!({
            "id": format!("c-{}", self.login()), "login": self.login(), "mail": self.mail(), "given": self.given,
            "family": self.family, "password": md5(self.password),
        })
    }
}

/// Migrated by the tests.
pub const IDA: Customer = Customer { given: "Ida", family: "Brandt", password: "Harbour-lamp-42" };
/// Signs in at several devices at once.
pub const MIA: Customer = Customer { given: "Mia", family: "Falk", password: "Copper-kettle-5" };
/// Comes while the product is down.
pub const HANNA: Customer = Customer { given: "Hanna", family: "Vogt", password: "North-pier-77" };
/// Has a password that policies of products refuse.
pub const OTTO: Customer = Customer { given: "Otto", family: "Lind", password: "anchor" };
/// Has an account at the product that Landfall did not create.
pub const ROLF: Customer = Customer { given: "Rolf", family: "Weber", password: "Old-anchor-60" };
/// The password of this account.
pub const PASSWORD_OF_ROLF_THERE: &str = "New-sails-2025";
/// Comes when Landfall is killed.
pub const LINA: Customer = Customer { given: "Lina", family: "Berg", password: "Winter-coat-88" };

impl Service {
    /// Starts it with the settings of a target, which may name files in a folder of the tests.
    pub fn start(target: &str, files: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(files) = files {
            let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(files);
            for file in fs::read_dir(files).expect("files").map(|file| file.expect("a file").path()) {
                fs::copy(&file, folder.path().join(file.file_name().expect("a name"))).expect("a copy");
            }
        }
        fs::write(folder.path().join("rules.yaml"), RULES).expect("rules");
        let lines: String =
            [IDA, MIA, HANNA, OTTO, ROLF, LINA].iter().map(|customer| format!("{}\n", customer.record())).collect();
        fs::write(folder.path().join("export.ndjson"), lines).expect("an export");
        let settings = format!(
            "listen: 127.0.0.1:0\nrules: rules.yaml\n\
             source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }}\n\
             target:\n{target}\
             ledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             login: {{ floor: 1ms, deadline: 6s, lease: 7s, attempts: {{ customer: {{ limit: 100, window: 15m }} }} }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\nguard: {{ call: 4s }}\n",
            "0123456789abcdef".repeat(4),
        );
        Self::start_in(folder, &settings)
    }

    /// Signs in until it is no outage any more.
    pub async fn sign_in_at_last(&self, identifier: &str, password: &str) -> (u16, String) {
        let attempt = async || {
            let (status, how) = self.sign_in(identifier, password).await;
            (status != 503).then_some((status, how))
        };
        until("an answer that decides", attempt).await
    }
}
