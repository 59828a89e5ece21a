//! Database servers as sources: their addresses have passwords, and their errors quote what they were asked.

use super::canary::Kind;
use super::house::House;
use super::receiver::Receiver;
use super::running::{md5, until};
use super::servers::{Server, mariadb, postgres};
use super::trace::Trace;

/// What differs between the systems.
struct Kit {
    server: &'static Server,
    /// The parameter of the address that has the certificate authority.
    ca: &'static str,
    /// Creates a user with a password, who has these rights on the table.
    user: fn(&str, &str, &str) -> String,
    /// A condition that fails with an error that quotes the identifier.
    quoting: &'static str,
}

/// Names of systems and their sources, or logins and passwords.
type Pairs = Vec<(String, String)>;

/// Right, quoting and locked-out systems of one server, with their rules, the customers' login and password, and a write-back whose
/// error quotes the customer.
fn systems(house: &mut House, kit: &Kit, name: &str) -> (Pairs, Pairs, String) {
    let mut person = |what: &str| {
        let of = |part: &str| format!("the {part} of the {what} customer in {name}");
        let login = format!("{}@{name}.example", house.aviary.word(Kind::Login, &of("login")));
        let password = house.aviary.password(&of("password"));
        house.aviary.add(Kind::Secret, &of("stored hash"), md5(&password));
        let (id, full) = (house.aviary.word(Kind::LegacyId, &of("id")), house.aviary.word(Kind::Personal, &of("name")));
        let row = format!("('{id}', '{login}', '{full}', '{}')", md5(&password));
        (row, login, password)
    };
    let (fine, visited) = (person("fine"), person("visited"));
    let server = kit.server;
    let database = server.create_database();
    let password = house.aviary.token(&format!("the password of the user of {name}"));
    let (user, writer) = (format!("reader_{name}"), format!("writer_{name}"));
    let writes = house.aviary.token(&format!("the password of the writer of {name}"));
    server.sql(
        &database,
        &format!(
            "CREATE TABLE customer (id VARCHAR(99), login VARCHAR(99), name VARCHAR(99), hash VARCHAR(99));\n\
             INSERT INTO customer VALUES {}, {};\n{}{}",
            fine.0,
            visited.0,
            (kit.user)(&user, &password, "SELECT"),
            (kit.user)(&writer, &writes, "SELECT, UPDATE")
        ),
    );
    let wrong = house.aviary.token(&format!("the wrong password of the user of {name}"));
    let address_of = |user: &str, password: &str| {
        format!("{}?{}={}", server.url(user, password, &database), kit.ca, server.ca_path().display())
    };
    let address = |password: &str| address_of(&user, password);
    let right = "lower(login) = :identifier".to_owned();
    let mut sources = Vec::new();
    for (system, url, condition) in [
        (name.to_owned(), address(&password), &right),
        (format!("{name}quoting"), address(&password), &kit.quoting.to_owned()),
        (format!("{name}locked"), address(&wrong), &right),
        (format!("{name}down"), address(&password).replacen(&server.address().port().to_string(), "9", 1), &right),
    ] {
        house.rules(&system, "credential: { scheme: md5, hash_hex: $.hash }\n");
        sources.push((
            system.clone(),
            format!(
                "{{ kind: sql, name: {system}, url: '{url}', \
                 record: 'SELECT id, login, name, hash FROM customer WHERE {condition}' }}"
            ),
        ));
    }
    let quoting = kit.quoting.replace(":identifier", ":id");
    let write_back = format!(
        "write_back:\n  to:\n    kind: sql\n    url: '{}'\n    \
         statement: 'UPDATE customer SET name = name WHERE id = :id AND {quoting}'\n",
        address_of(&writer, &writes)
    );
    (sources, vec![(fine.1, fine.2), (visited.1, visited.2)], write_back)
}

async fn tour(kit: Kit, name: &str) {
    let (receiver, mut house) = (Receiver::start().await, House::new());
    let (sources, people, write_back) = systems(&mut house, &kit, name);
    let mut settings = String::new();
    for (at, (system, source)) in sources.iter().enumerate() {
        let domain = format!("domains: [ {system}.example ]");
        settings += &match at {
            0 => format!("rules: {system}.yaml\nsource: {source}\n{domain}\n{write_back}more_sources:\n"),
            _ => format!("  - {{ rules: {system}.yaml, source: {source}, {domain} }}\n"),
        };
    }
    house.configure(&settings, &receiver.base);
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    let (fine, visited) = (&people[0], &people[1]);
    assert_eq!(visitor.login(&fine.0, &wrong).await.0, 401);
    assert_eq!(visitor.login(&fine.0, &fine.1).await.0, 200);
    // which errors are final is up to the adapter
    let told =
        ["failed", "retried"].map(|it| format!("landfall_write_backs_total{{source=\"{name}\",result=\"{it}\"}}"));
    until("the write-back", async || {
        let metrics = visitor.get("/metrics").await.1;
        told.iter().any(|line| metrics.contains(line)).then_some(())
    })
    .await;
    for system in ["quoting", "locked", "down"] {
        let login = visited.0.replace(&format!("@{name}"), &format!("@{name}{system}"));
        assert_eq!(visitor.login(&login, &visited.1).await.0, 503, "{system}");
    }
    let mut traces = vec![house.command(&["check", "--config", "landfall.yaml", "--connect"], &[])];
    traces.push(house.command(&["write-back", "list"], &[Kind::LegacyId]));
    traces.push(Trace::of("the events", receiver.received(), &[]));
    kit.server.stop(super::servers::Stop::Abrupt);
    assert_eq!(visitor.login(&visited.0, &visited.1).await.0, 503);
    traces.push(house.command(&["check", "--config", "landfall.yaml", "--connect"], &[]));
    kit.server.start_again();
    house.search(server, visitor, traces).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn postgres_leaks_no_secrets() {
    let kit = Kit {
        server: postgres(),
        ca: "sslrootcert",
        user: |user, password, rights| {
            format!("CREATE ROLE {user} LOGIN PASSWORD '{password}';\nGRANT {rights} ON customer TO {user};\n")
        },
        quoting: "length(login) = (:identifier::text)::int",
    };
    tour(kit, "postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs MariaDB; run tests/run"]
async fn mariadb_leaks_no_secrets() {
    let kit = Kit {
        server: mariadb(),
        ca: "ssl-ca",
        user: |user, password, rights| {
            format!(
                "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{password}';\n\
                 GRANT {rights} ON customer TO {user}@'127.0.0.1';\n"
            )
        },
        quoting: "extractvalue(1, concat(0x7e, :identifier, \"<\")) = 1",
    };
    tour(kit, "mariadb").await;
}
