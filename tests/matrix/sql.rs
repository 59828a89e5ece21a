//! Databases: a proxy in front of PostgreSQL or MariaDB, and servers that answer in their place.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use crate::expected::{Adapter, FAULTS, Fault};
use crate::running::md5;
use crate::servers::proxy::Serve;
use crate::servers::{MARIADB, Options, POSTGRES, Server, Tls};
use crate::service::{Service, name, password};
use crate::shop::RULES;
use crate::stage::Stage;
use crate::wire::{Bad, OTHER_PROTOCOL, Wire};

/// How many customers the database has.
const CUSTOMERS: usize = 600;

/// The user that reads, and its password.
const READER: (&str, &str) = ("reader", "reader-password");

/// What a server says besides its answers.
pub const NOTICE: &str = "take notice of ada";

/// What differs between the databases.
struct System {
    /// The parameters of a URL without TLS, and with.
    parameters: [&'static str; 2],
    /// Answers in place of the server.
    answer: fn(&mut TcpStream, Fault) -> io::Result<()>,
    /// Speaks with a client until TLS begins.
    before_tls: fn(&mut TcpStream) -> io::Result<()>,
    /// Says that there is no TLS.
    no_tls: fn(&mut TcpStream) -> io::Result<()>,
}

const SYSTEMS: [System; 2] = [
    System {
        parameters: ["sslmode=disable", "sslmode=verify-full&sslrootcert=ca.pem"],
        answer: postgres,
        before_tls: |stream| postgres_request(stream).and_then(|()| stream.write_all(b"S")),
        no_tls: |stream| postgres_request(stream).and_then(|()| stream.write_all(b"N")),
    },
    System {
        parameters: ["ssl-mode=DISABLED", "ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem"],
        answer: mysql,
        before_tls: |stream| stream.write_all(&greeting(true)).and_then(|()| stream.read_exact(&mut [0; 36])),
        no_tls: |stream| stream.write_all(&greeting(false)),
    },
];

/// Plays all faults of a database. Those of TLS have a service of their own.
pub async fn play(adapter: Adapter) {
    let [of_postgres, of_mysql] = SYSTEMS;
    let (system, server) = if adapter == Adapter::Postgres {
        (of_postgres, Server::start(&POSTGRES, Options::default().tls(Tls::Optional)))
    } else {
        (of_mysql, Server::start(&MARIADB, Options::default().tls(Tls::Optional)))
    };
    let database = database(adapter, &server);
    let bad = Bad::new();
    let ca = std::fs::read_to_string(server.ca_path()).expect("a certificate") + &bad.authority;
    let wires = [(); 2].map(|()| Wire::new(server.address()));
    let service = |at: usize| {
        let (reader, secret) = READER;
        let url = server.url_at(wires[at].proxy.address, reader, secret, &database);
        let settings = format!(
            "rules: rules.yaml\nsource:\n  name: shop\n  kind: sql\n  url: '{url}?{}'\n  record: 'SELECT id, login, mail, \
             password FROM customers WHERE login = :identifier'\n  unique_logins: true\n",
            system.parameters[at]
        );
        Service::start(&[("rules.yaml", RULES), ("ca.pem", &ca)], &settings)
    };
    let (mut over_plain, mut over_tls) = tokio::join!(Stage::new(adapter, service(0)), Stage::new(adapter, service(1)));
    let of_bytes = async {
        for fault in FAULTS.into_iter().filter(|fault| fault.tls().is_none()) {
            let serve = || -> Arc<Serve> { Arc::new(move |mut stream| drop((system.answer)(&mut stream, fault))) };
            over_plain.play(fault, || wires[0].inject(fault, serve), || wires[0].proxy.heal()).await;
        }
        over_plain.end();
    };
    let of_tls = async {
        for fault in FAULTS {
            let Some(tls) = fault.tls() else { continue };
            let serve = bad.server(tls, system.before_tls, system.no_tls);
            over_tls.play(fault, || wires[1].proxy.instead(serve), || wires[1].proxy.heal()).await;
        }
        over_tls.end();
    };
    tokio::join!(of_bytes, of_tls);
}

fn database(adapter: Adapter, server: &Server) -> String {
    let database = server.create_database();
    let row = |number| {
        let name = name(number);
        format!("('id-{name}', '{name}', '{name}@example.org', '{}')", md5(&password(&name)))
    };
    let rows: Vec<String> = (0..CUSTOMERS).map(row).collect();
    let (reader, secret) = READER;
    let user = if adapter == Adapter::Postgres {
        format!("CREATE USER {reader} PASSWORD '{secret}'; GRANT SELECT ON customers TO {reader};")
    } else {
        format!("CREATE USER {reader}@'%' IDENTIFIED BY '{secret}'; GRANT SELECT ON {database}.* TO {reader}@'%';")
    };
    server.sql(
        &database,
        &format!(
            "CREATE TABLE customers (id varchar(40) PRIMARY KEY, login varchar(40), mail varchar(60), password varchar(40));\n\
             INSERT INTO customers VALUES {};\n{user}",
            rows.join(",\n")
        ),
    );
    database
}

/// What answers in place of PostgreSQL.
pub fn postgres(stream: &mut TcpStream, fault: Fault) -> io::Result<()> {
    if fault == Fault::OtherProtocol {
        return stream.write_all(OTHER_PROTOCOL);
    }
    postgres_request(stream)?;
    let message = |kind: u8, contents: &[u8]| {
        let length = u32::try_from(contents.len() + 4).expect("a length").to_be_bytes();
        [&[kind][..], &length, contents].concat()
    };
    let fails = |state: &str| message(b'E', format!("SFATAL\0VFATAL\0C{state}\0Msomething is wrong\0\0").as_bytes());
    match fault {
        Fault::Broken => {
            stream.write_all(&message(b'N', format!("SNOTICE\0VNOTICE\0C00000\0M{NOTICE}\0\0").as_bytes()))?;
            stream.write_all(&fails("XX000"))
        }
        Fault::Unavailable => stream.write_all(&fails("57P03")),
        Fault::Busy => stream.write_all(&fails("53300")),
        // the kind of authentication has four bytes
        _ => stream.write_all(&message(b'R', &[0, 0])),
    }
}

/// The first request of a client has no kind.
fn postgres_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    stream.read_exact(&mut vec![0; length - 4])
}

/// What answers in place of MariaDB, which speaks first.
fn mysql(stream: &mut TcpStream, fault: Fault) -> io::Result<()> {
    let fails = |number: u16, state: &str| {
        packet(&[&[0xff][..], &number.to_le_bytes(), b"#", state.as_bytes(), b"something is wrong"].concat())
    };
    match fault {
        Fault::Broken => stream.write_all(&fails(1105, "HY000")),
        Fault::Unavailable => stream.write_all(&fails(1053, "08S01")),
        Fault::Busy => stream.write_all(&fails(1040, "08004")),
        Fault::Malformed => stream.write_all(&packet(b"\x0a8")),
        _ => stream.write_all(OTHER_PROTOCOL),
    }
}

fn packet(contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).expect("a length").to_le_bytes();
    [&length[..3], &[0], contents].concat()
}

/// What a server says first (protocol 10).
fn greeting(with_tls: bool) -> Vec<u8> {
    let tls = if with_tls { 0x0800_u16 } else { 0 };
    packet(
        &[
            b"\x0a8.0.0-test\0\x07\0\0\0saltsalt\0",
            &(0x8201 | tls).to_le_bytes()[..],
            b"\x2d\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0",
        ]
        .concat(),
    )
}
