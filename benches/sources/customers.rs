//! Invented customers by number, as rows of a table and as logins. A record with its list is about 0.9 KB.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use landfall::migrate::{Challenge, Login};
use md5::{Digest as _, Md5};
use serde::Serialize;
use zeroize::Zeroizing;

/// The tables. `{collate}` is what a database needs to compare identifiers exactly.
const TABLES: &str = "\
CREATE TABLE customer (
    id bigint PRIMARY KEY, login varchar(100){collate} NOT NULL, mail varchar(100){collate} NOT NULL, password varchar(100) NOT NULL,
    given varchar(100), family varchar(100), born date, street varchar(100), city varchar(100), zip varchar(10),
    country varchar(2), created bigint, orders int, revenue numeric(12,2), notes varchar(1000));
CREATE TABLE customer_role (customer bigint NOT NULL, role varchar(20) NOT NULL, PRIMARY KEY (customer, role));
";

/// Made after the rows, which is faster.
pub const INDEXES: &str = "\
CREATE UNIQUE INDEX customer_login ON customer (login);
CREATE UNIQUE INDEX customer_mail ON customer (mail);
";

/// The rules for a row, and for a record of the web API, which has the same shape.
pub const RULES: &str = include_str!("shop.yaml");

/// The query for a record.
pub const RECORD: &str = "SELECT * FROM customer WHERE login = :identifier OR mail = :identifier";

/// The query for its list `roles`.
pub const ROLES: &str = "SELECT role FROM customer_role WHERE customer = :id ORDER BY role";

/// Rows of one statement.
const BATCH: u64 = 500;

/// The statements that make the tables.
pub fn tables(collate: &str) -> String {
    TABLES.replace("{collate}", collate)
}

/// The statements that insert these customers.
pub fn rows(numbers: std::ops::Range<u64>) -> String {
    let mut sql = String::new();
    for first in numbers.clone().step_by(usize::try_from(BATCH).unwrap()) {
        let batch = first..numbers.end.min(first + BATCH);
        let customers: Vec<String> = batch.clone().map(row).collect();
        let roles: Vec<String> = batch.map(|number| format!("({number}, 'cust'), ({number}, 'vip')")).collect();
        let (customers, roles) = (customers.join(",\n"), roles.join(", "));
        writeln!(sql, "INSERT INTO customer VALUES {customers};\nINSERT INTO customer_role VALUES {roles};").unwrap();
    }
    sql
}

fn row(number: u64) -> String {
    let Customer { name, mail, hash, given, family, born, street, city, zip, country, created, orders, revenue, notes } =
        customer(number);
    format!(
        "({number}, '{name}', '{mail}', '{hash}', '{given}', '{family}', '{born}', '{street}', '{city}', '{zip}', \
         '{country}', {created}, {orders}, {revenue}, '{notes}')"
    )
}

/// What is known about a customer.
#[derive(Serialize)]
pub struct Customer {
    #[serde(rename = "login")]
    pub name: String,
    pub mail: String,
    #[serde(skip)]
    pub hash: String,
    pub given: &'static str,
    pub family: &'static str,
    pub born: String,
    pub street: String,
    pub city: &'static str,
    pub zip: String,
    pub country: &'static str,
    pub created: u64,
    pub orders: u64,
    pub revenue: String,
    pub notes: String,
}

/// A customer by number.
pub fn customer(number: u64) -> Customer {
    let pick =
        |list: [&'static str; 4], salt: u64| list.into_iter().cycle().nth(((number / salt) % 4) as usize).unwrap();
    Customer {
        name: name(number),
        mail: mail(number),
        hash: hex::encode(Md5::digest(password(number))),
        given: pick(["Ada", "Bram", "Jürgen", "Élodie"], 1),
        family: pick(["Castellan", "Müller", "Quill", "Szabó"], 3),
        born: format!("{}-{:02}-{:02}", 1950 + number % 50, number % 12 + 1, number % 28 + 1),
        street: format!("{} Orchard Row", number % 200),
        city: "Fairmont",
        zip: format!("{:05}", number % 99_999),
        country: "DE",
        created: 1_600_000_000 + number,
        orders: number % 90,
        revenue: format!("{}.50", number % 5000),
        notes: "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor ".repeat(5),
    }
}

fn mail(number: u64) -> String {
    format!("customer.{number}@example.com")
}

/// The password of a customer.
pub fn password(number: u64) -> String {
    format!("correct horse {number}")
}

/// The user name of a customer.
pub fn name(number: u64) -> String {
    format!("customer{number}")
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
