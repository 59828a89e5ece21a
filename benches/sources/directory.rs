//! The customers as entries of a directory. Their roles are an attribute, and a bind verifies their passwords.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::customers::{Customer, customer, password};
use crate::servers::slapd::{READER, Slapd};
use crate::systems::Asked;

/// The entries in LDIF.
pub fn entries(customers: u64) -> String {
    let mut ldif = String::new();
    for number in 0..customers {
        let Customer { name, mail, given, family, street, city, zip, created, orders, notes, .. } = customer(number);
        let (given, family) = (STANDARD.encode(given), STANDARD.encode(family));
        write!(
            ldif,
            "dn: employeeNumber={number},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n\
             employeeNumber: {number}\nuid: {name}\nmail: {mail}\ncn: {name}\ngivenName:: {given}\nsn:: {family}\n\
             street: {street}\nl: {city}\npostalCode: {zip}\ndepartmentNumber: {orders}\ncarLicense: {created}\n\
             employeeType: cust\nemployeeType: vip\ndescription: {notes}end\nuserPassword: {}\n\n",
            hash(&password(number))
        )
        .unwrap();
    }
    ldif
}

fn hash(password: &str) -> String {
    let mut hash = Sha1::new().chain_update(password).chain_update(b"salt").finalize().to_vec();
    hash.extend_from_slice(b"salt");
    format!("{{SSHA}}{}", STANDARD.encode(hash))
}

/// How the directory is asked.
pub fn asked(slapd: &Slapd) -> Asked {
    let (dn, password) = READER;
    let directory = format!(
        "{{ servers: [ '{}' ], ca: '{}', bind: {{ dn: '{dn}', password: '{password}' }} }}",
        slapd.secure(),
        slapd.ca().display()
    );
    let filter = "(|(uid={filter:identifier})(mail={filter:identifier}))";
    Asked {
        source: format!(
            "{{ kind: ldap, name: shop, directory: {directory}, \
             search: {{ base: 'ou=people,dc=example,dc=org', filter: '{filter}' }} }}"
        ),
        verifiers: format!("{{ shop: {{ kind: ldap, directory: {directory} }} }}"),
        rules: include_str!("directory.yaml").to_owned(),
    }
}
