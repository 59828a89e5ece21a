//! Generated customers by number, and the rules that map them.

use std::net::{IpAddr, Ipv4Addr};

use landfall::migrate::{Challenge, Login};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::data;

/// The rules of the other benchmarks, extended for logins. The stored hash is the cheapest available, so that Argon2id
/// dominates the cost of a login.
pub fn rules() -> String {
    let login = "identify: { id: $.id, logins: [ $.login, $.contact.mail ] }\n\
                 credential: { scheme: md5, value: $.password }\n";
    format!("{}{login}", include_str!("../data/shop.yaml"))
}

/// The user name of a customer.
pub fn name(number: u64) -> String {
    format!("customer{number}")
}

fn mail(number: u64) -> String {
    format!("customer.{number}@example.com")
}

fn password(number: u64) -> String {
    format!("correct horse {number}")
}

/// The logins of a customer, and the record of about 1.5 KB.
pub fn record(number: u64) -> ([String; 2], String) {
    let mut record: Value = serde_json::from_str(&data::record(number)).unwrap();
    let members = record.as_object_mut().unwrap();
    let stored = hex::encode(Md5::digest(password(number)));
    for (key, value) in [("login", name(number)), ("state", "A".to_owned()), ("password", stored)] {
        members.insert(key.to_owned(), json!(value));
    }
    members.get_mut("contact").and_then(Value::as_object_mut).unwrap().insert("mail".to_owned(), json!(mail(number)));
    ([name(number), mail(number)], record.to_string())
}

/// The login of a customer.
pub fn login(number: u64) -> Login {
    let [.., third, fourth] = u32::try_from(number).unwrap().to_be_bytes();
    Login {
        request_id: format!("request-{number}"),
        identifier: name(number),
        password: Zeroizing::new(password(number).into_bytes()),
        network: Some(IpAddr::V4(Ipv4Addr::new(198, third, fourth, 7))),
        challenge: Challenge::None,
        tenant: None,
    }
}
