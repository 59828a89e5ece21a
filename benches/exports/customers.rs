//! Invented customers as records of exports.

/// A format of exports.
pub struct Format {
    pub name: &'static str,
    pub extension: &'static str,
    pub head: &'static str,
    pub between: &'static str,
    pub tail: &'static str,
    /// The record of a number.
    pub record: fn(u64) -> String,
    /// The paths of the logins, as in the settings.
    pub logins: &'static str,
}

const COLUMNS: [&str; 2] = ["[ $.login, $.mail ]", "[ '$.uid[0]', '$.mail[0]' ]"];

pub const FORMATS: [Format; 4] = [
    Format {
        name: "NDJSON",
        extension: "ndjson",
        head: "",
        between: "\n",
        tail: "\n",
        record: json,
        logins: COLUMNS[0],
    },
    Format {
        name: "JSON",
        extension: "json",
        head: "[\n",
        between: ",\n",
        tail: "\n]\n",
        record: json,
        logins: COLUMNS[0],
    },
    Format {
        name: "CSV",
        extension: "csv",
        head: "id,login,mail,password,name,street,city,notes\n",
        between: "\n",
        tail: "\n",
        record: csv,
        logins: COLUMNS[0],
    },
    Format {
        name: "LDIF",
        extension: "ldif",
        head: "version: 1\n\n",
        between: "\n\n",
        tail: "\n",
        record: ldif,
        logins: COLUMNS[1],
    },
];

const HASH: &str = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
const NOTES: &str = "prefers mail, has a loyalty card, and asked twice for a printed catalogue";

fn name(number: u64) -> String {
    format!("customer{number}")
}

fn mail(number: u64) -> String {
    format!("c.{number}@example.com")
}

/// What a customer types: in turns the user name and the address.
pub fn login(number: u64, turn: u64) -> String {
    if turn.is_multiple_of(2) { name(number) } else { mail(number) }
}

fn json(number: u64) -> String {
    format!(
        r#"{{"id":{number},"login":"{}","mail":"{}","password":"{HASH}","name":"Ada Quill","street":"{} Orchard Row","city":"Fairmont","notes":"{NOTES}"}}"#,
        name(number),
        mail(number),
        number % 200
    )
}

fn csv(number: u64) -> String {
    let (name, mail, house) = (name(number), mail(number), number % 200);
    format!("{number},{name},{mail},{HASH},Ada Quill,{house} Orchard Row,Fairmont,\"{NOTES}\"")
}

fn ldif(number: u64) -> String {
    let (name, mail, house) = (name(number), mail(number), number % 200);
    format!(
        "dn: uid={name},ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nid: {number}\nuid: {name}\nmail: {mail}\n\
         cn: Ada Quill\nsn: Quill\nstreet: {house} Orchard Row\nl: Fairmont\nuserPassword: {{CRYPT}}{HASH}"
    )
}
