//! Faults of real servers: what each is called, what the customer is answered, and whether the circuit breaker opens.
//!
//! The tables in `docs/operating.md` are what these tests saw; `UPDATE_DOCS=1` rewrites them.

mod cases;
mod stage;
mod table;

use crate::servers::{MARIADB, POSTGRES, mariadb, postgres};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn faults_of_postgres_have_their_documented_outcome() {
    table::compare("postgres", &cases::all(&POSTGRES).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn faults_of_mariadb_have_their_documented_outcome() {
    table::compare("mariadb", &cases::all(&MARIADB).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn connections_to_postgres_are_waited_for_until_the_deadline() {
    cases::own_connections(postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn connections_to_mariadb_are_waited_for_until_the_deadline() {
    cases::own_connections(mariadb()).await;
}
