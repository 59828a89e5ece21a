//! Landfall migrates customer accounts at their first login.
//!
//! Rules, written in YAML, describe how a legacy record becomes an account; the engine compiles them once and runs them
//! over any number of records. [`engine::compile`] and [`engine::plan::Plan::run`] are this part. It is pure, and it is
//! all that remains without default features. [`rules`] describes the language and [`testing`] its tests.
//!
//! The login builds on it: [`migrate::Migrator::login`] counts the attempt and asks the target. For a customer who is
//! not there yet, it fetches the record, verifies the password, maps the record and stores the account, over the ports
//! [`ports::Source`], [`ports::Verifier`], [`ports::Target`], [`ports::Ledger`] and [`ports::Clock`].
//! [`service`] provides it over HTTP, and [`config`] builds both from one settings file.
//!
//! The modules, each of which uses only modules above it, are listed in `ARCHITECTURE.md`.

#[cfg(feature = "login")]
pub mod adapters;
#[cfg(feature = "login")]
pub mod audit;
#[cfg(feature = "login")]
pub mod callers;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "login")]
pub mod config;
#[cfg(feature = "login")]
pub mod demo;
pub mod diag;
pub mod engine;
#[cfg(feature = "login")]
pub mod events;
#[cfg(feature = "login")]
pub mod formats;
#[cfg(feature = "login")]
pub mod guard;
#[cfg(feature = "login")]
pub mod hashing;
#[cfg(feature = "login")]
pub mod hooks;
#[cfg(feature = "login")]
pub mod metrics;
#[cfg(feature = "login")]
pub mod migrate;
pub mod model;
pub mod password;
#[cfg(feature = "login")]
pub mod ports;
#[cfg(feature = "login")]
pub mod random;
pub mod rules;
pub mod schema;
#[cfg(feature = "login")]
pub mod service;
#[cfg(feature = "login")]
pub mod signing;
pub mod testing;
