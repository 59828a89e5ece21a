//! A shop in which every secret and every personal value is a canary.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::canary::{Aviary, Kind};
use super::running::md5;

/// Where records come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    File,
    Sql,
}

pub const RULES: &str = r#"
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail, $.alias ]
admit:
  - { deny: blocked, when: { $.role: blocked } }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ], on_error: reject }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  phone.value: { from: $.phone, do: [ phone: { region: DE } ], on_error: reject }
  name.full: { from: $.name, do: [ squish ] }
  birthdate: { from: $.born, do: [ date: { format: "%Y-%m-%d" } ], on_error: reject }
  locale: { from: $.locale, do: [ locale ], on_error: warn }
  custom.number: { from: $.number, do: [ to_integer ], on_error: reject }
  custom.greeting:
    with: { role: $.role, name: $.name, mail: $.mail }
    script: |
      if role == "throws" { throw `${name} at ${mail}`; }
      if role == "parses" { parse_int(name); }
      `Hello ${name}`
    on_error: reject
  status: { from: $.state, default: active }
  must_change_password: { from: $.must_change, do: [ to_boolean ], on_error: reject }
credential:
  scheme: md5
  hash_hex: $.password
"#;

/// A script that uses customer values in every possible way, depending on the role.
const AFTER_FETCH: &str = r#"
if record.role == "hook_throws" { throw record.mail; }
if record.role == "hook_parses" { parse_int(record.name); }
if record.role == "hook_denies" { return #{ deny: record.mail }; }
if record.role == "hook_tags" { return #{ tags: [ record.name ] }; }
if record.role == "denied" { return #{ deny: "not_wanted" }; }
#{ tags: [ "vip" ], facts: #{ name: record.name, mail: record.mail } }
"#;

/// The columns of a customer.
const COLUMNS: [&str; 15] = [
    "id",
    "login",
    "mail",
    "alias",
    "phone",
    "name",
    "born",
    "locale",
    "number",
    "role",
    "state",
    "must_change",
    "password",
    "remark",
    "twin",
];

/// The folder, the canaries, and the credentials.
pub struct Shop {
    pub folder: tempfile::TempDir,
    pub aviary: Aviary,
    pub token: String,
    pub basic: String,
    pub signing: String,
    pub pepper: String,
}

/// A customer of the shop.
#[derive(Debug, Clone)]
pub struct Customer {
    pub login: String,
    pub mail: String,
    pub password: String,
}

impl Shop {
    /// A shop with one customer for each role, and its settings.
    pub async fn new(source: Source, roles: &[&str], receiver: &str, closed: &str) -> (Self, Vec<Customer>) {
        let mut aviary = Aviary::default();
        let mut customers: Vec<Value> = roles.iter().map(|role| record(&mut aviary, role, source)).collect();
        let mail = customers.first().expect("a customer")["mail"].clone();
        for customer in customers.iter_mut().filter(|customer| customer["role"] == "conflict") {
            customer["alias"] = mail.clone();
        }
        let logins = customers.iter().zip(roles).map(|(record, role)| customer(&mut aviary, record, role)).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let shop = Self::secrets(folder, aviary);
        match source {
            Source::File => shop.export(&customers),
            Source::Sql => shop.database(&customers).await,
        }
        (shop.settings(source, receiver, closed), logins)
    }

    fn secrets(folder: tempfile::TempDir, mut aviary: Aviary) -> Self {
        let (token, basic) = (aviary.token("the bearer token"), aviary.token("the basic password"));
        let signing = aviary.token("the signing secret");
        let pepper = STANDARD.encode(aviary.key("the pepper"));
        Self { folder, aviary, token, basic, signing, pepper }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The environment variables of the process.
    pub fn environment(&self) -> Vec<(&str, &str)> {
        vec![("SHOP_PASSWORD", &self.basic), ("PEPPER", &self.pepper)]
    }

    /// Writes a file that only its owner can read.
    pub fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
    }

    fn settings(mut self, source: Source, receiver: &str, closed: &str) -> Self {
        let hook = self.aviary.token("the webhook secret");
        let path = self.aviary.word(Kind::Address, "the path of the webhook");
        let (ledger, writer) =
            (hex::encode(self.aviary.key("the ledger key")), self.aviary.token("the token of the writer"));
        self.aviary.add(Kind::Secret, "the old signing secret", format!("{}-of-old", self.signing));
        self.write("ledger.key", &ledger);
        self.write("caller.token", &self.token);
        self.write("rules.yaml", RULES);
        self.write("after.rhai", AFTER_FETCH);
        let source = match source {
            Source::File => {
                "{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ], record_limit: 2KiB }"
            }
            Source::Sql => {
                "{ name: shop, kind: sql, url: 'sqlite:legacy.db', unique_logins: true, record_limit: 2KiB, record: \
                 'SELECT * FROM customers WHERE lower(login) = :identifier OR lower(mail) = :identifier' }"
            }
        };
        self.write(
            "landfall.yaml",
            &format!(
                "listen: 127.0.0.1:0
rules: rules.yaml
source: {source}
target: {{ name: accounts, kind: sql, url: 'sqlite:accounts.db' }}
ledger: {{ url: 'sqlite:ledger.db', key: 'file:ledger.key' }}
password:
  argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }}
  decoy: {{ scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 }}
  peppers: [ {{ id: k1, secret: \"${{PEPPER}}\" }} ]
login:
  floor: 1ms
  quantum: 1ms
  deadline: 3s
  lease: 3500ms
  attempts: {{ customer: {{ limit: 5, window: 15m }}, network: {{ limit: 1000000, window: 15m }} }}
guard: {{ breaker: {{ open: 100ms }} }}
write_back:
  to:
    kind: http
    server: {{ url: '{closed}', allow: [ 127.0.0.1 ], auth: {{ kind: bearer, token: '{writer}' }} }}
    request: {{ method: DELETE, path: '/customers/{{id}}' }}
hooks:
  before_fetch: 'if identifier == \"\" {{ #{{ deny: \"nobody\" }} }}'
  after_fetch: after.rhai
  before_create: 'if record.role == \"create_throws\" {{ throw account.email.value; }}'
  after_create: 'if record.role == \"after_throws\" {{ throw account.email.value; }}'
  on_refusal: 'if outcome == \"refused\" {{ throw identifier; }}'
  webhooks:
    - {{ name: crm, url: '{receiver}/{path}', secret: '{hook}' }}
    - {{ name: down, url: '{closed}/{path}', secret: '{hook}', events: [ migrated, failed ] }}
service:
  callers:
    - {{ name: idp, bearer: 'file:caller.token' }}
    - {{ name: shop, basic: {{ user: shop, password: \"${{SHOP_PASSWORD}}\" }} }}
    - {{ name: signer, signed: [ '{signing}', '{signing}-of-old' ] }}
  trusted_proxies: [ 127.0.0.1 ]
log: {{ level: trace, format: json }}
",
                signing = self.signing
            ),
        );
        self
    }

    /// Writes NDJSON, with invalid lines, two records with the same login, and one that is too large.
    fn export(&self, customers: &[Value]) {
        let whole = customers.iter().filter(|customer| customer["role"] != "garbage");
        let mut lines: Vec<String> = whole.map(Value::to_string).collect();
        for customer in customers.iter().filter(|customer| customer["twin"] == "yes") {
            let mut other = customer.clone();
            other["id"] = json!(format!("{}-again", customer["id"].as_str().unwrap_or_default()));
            lines.push(other.to_string());
        }
        let garbage = customers.iter().find(|customer| customer["role"] == "garbage").expect("garbage").to_string();
        lines.insert(1, garbage[..garbage.len() - 1].to_owned());
        lines.insert(2, garbage.replace(':', " "));
        lines.insert(3, garbage.replacen("{", "[", 1));
        self.write("export.ndjson", &(lines.join("\n") + "\n"));
    }

    /// Creates a table, with two rows of the same login.
    async fn database(&self, customers: &[Value]) {
        let options = SqliteConnectOptions::new().filename(self.path("legacy.db")).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        let columns = COLUMNS.join(", ");
        let create = sqlx::AssertSqlSafe(format!("CREATE TABLE customers ({columns})"));
        sqlx::query(create).execute(&mut connection).await.expect("a table");
        let places = ["?"; COLUMNS.len()].join(", ");
        for customer in customers {
            for _ in 0..if customer["twin"] == "yes" { 2 } else { 1 } {
                let mut insert = sqlx::query(sqlx::AssertSqlSafe(format!("INSERT INTO customers VALUES ({places})")));
                for column in COLUMNS {
                    insert = insert.bind(customer[column].as_str().map(str::to_owned));
                }
                insert.execute(&mut connection).await.expect("a customer");
            }
        }
        let garble = "UPDATE customers SET name = CAST(CAST(name AS BLOB) || x'ff' AS TEXT) WHERE role = 'garbage'";
        sqlx::query(garble).execute(&mut connection).await.expect("garbage");
    }

    /// Whether the service created a file.
    pub fn is_of_the_service(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let given =
            ["landfall.yaml", "ledger.key", "caller.token", "rules.yaml", "after.rhai", "export.ndjson", "legacy.db"];
        path.is_file() && !given.contains(&name.as_str())
    }
}

/// A record of canaries; the role decides its mistake.
fn record(aviary: &mut Aviary, role: &str, source: Source) -> Value {
    let of = |what: &str| format!("the {what} of {role} in {source:?}");
    let login = aviary.word(Kind::Login, &of("login"));
    let mail = format!("{}@{}.example", aviary.word(Kind::Login, &of("mail")), aviary.word(Kind::Login, &of("domain")));
    let password = aviary.password(&of("password"));
    let hash = md5(&password);
    aviary.add(Kind::Secret, &of("stored hash"), hash.as_str());
    let mut record = json!({
        "id": aviary.word(Kind::LegacyId, &of("id")), "login": login, "mail": mail, "phone": aviary.phone(&of("phone")),
        "name": format!("{} Özil", aviary.word(Kind::Personal, &of("name"))), "role": role, "password": hash,
        "remark": aviary.word(Kind::Personal, &of("remark")),
    });
    let wrong = aviary.word(Kind::Personal, &of("mistake"));
    match role {
        "bad_mail" => record["mail"] = json!(format!("{wrong} at {mail}")),
        "bad_phone" => record["phone"] = json!(wrong),
        "bad_date" => record["born"] = json!(wrong),
        "bad_locale" => record["locale"] = json!(wrong),
        "bad_number" => record["number"] = json!(wrong),
        "bad_state" => record["state"] = json!(wrong),
        "bad_hash" => {
            aviary.add(Kind::Secret, &of("broken hash"), format!("{wrong}-no-hash"));
            record["password"] = json!(format!("{wrong}-no-hash"));
        }
        "disabled" | "locked" => record["state"] = json!(role),
        "must_change" => record["must_change"] = json!("true"),
        "twin" => record["twin"] = json!("yes"),
        "huge" => record["remark"] = json!(format!("{wrong}{}", "x".repeat(4096))),
        _ => {}
    }
    record
}

fn customer(aviary: &mut Aviary, record: &Value, role: &str) -> Customer {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let password = aviary.canaries.iter().find(|canary| {
        canary.kind == Kind::Secret
            && std::str::from_utf8(&canary.bytes).is_ok_and(|canary| md5(canary) == text("password"))
    });
    let password = password.map(|canary| String::from_utf8_lossy(&canary.bytes).into_owned());
    // a customer without a verifiable hash has no known password
    let password = password.unwrap_or_else(|| aviary.password(&format!("what {role} types")));
    Customer { login: text("login"), mail: text("mail"), password }
}
