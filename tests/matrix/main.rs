//! The matrix of faults: every adapter of a legacy system, every fault, and what a customer is answered.
//!
//! Each cell is a first login against a running `landfall serve`. Whatever the legacy system does, nobody is refused because of
//! it, no login takes longer than its deadline, the memory stays bounded, and after the fault the same customer signs in.
//! What is expected of each cell is written in `expected.rs`; `docs/faults.md` shows the same. `UPDATE_DOCS=1` rewrites the page.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]
#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "../support/running.rs"]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;
#[path = "../support/shop.rs"]
mod shop;

mod expected;
mod http;
mod ldap;
mod page;
mod service;
mod sql;
mod stage;
mod targets;
mod wire;

use expected::Adapter;
use targets::cells::Store;

#[test]
fn the_page_shows_what_is_tested() {
    page::compare();
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_as_sources() {
    http::play(Adapter::HttpSource).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_as_verifiers() {
    http::play(Adapter::HttpVerifier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_with_required_parts() {
    http::play(Adapter::RequiredPart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_with_optional_parts() {
    http::play(Adapter::OptionalPart).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn directories_as_sources() {
    ldap::play(Adapter::LdapSource).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn directories_as_verifiers() {
    ldap::play(Adapter::LdapVerifier).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn postgres() {
    sql::play(Adapter::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn mysql() {
    sql::play(Adapter::Mysql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_as_targets() {
    targets::play(Store::OneCall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apis_as_targets_in_steps() {
    targets::play(Store::Steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scim_services_as_targets() {
    targets::play(Store::Scim).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn postgres_for_accounts_and_ledger() {
    targets::database::play().await;
}
