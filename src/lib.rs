//! Landfall migrates customer accounts at their first login: one customer, safely across.
//!
//! Rules, written as YAML, say how a legacy record becomes an account; the engine compiles them once and runs them over any
//! number of records. [`engine::compile`] and [`engine::plan::Plan::run`] are that part, which is pure and is all that is left
//! without default features.
//!
//! The login stands on it: [`migrate::Migrator::login`] counts the attempt, asks the target, and for whoever is not there yet
//! fetches the record, verifies the password, maps and stores, over the ports [`migrate::Source`], [`migrate::Verifier`],
//! [`migrate::Target`], [`migrate::Ledger`] and [`migrate::Clock`]. [`service`] puts it behind HTTP, and [`config`] makes both
//! of one settings file.
//!
//! The rooms of the house, each using only rooms above it, are listed in `ARCHITECTURE.md`.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "login")]
pub mod config;
#[cfg(feature = "login")]
pub mod demo;
pub mod diag;
pub mod engine;
#[cfg(feature = "login")]
pub mod formats;
#[cfg(feature = "login")]
pub mod guard;
#[cfg(feature = "login")]
pub mod hooks;
#[cfg(feature = "login")]
pub mod ledger;
#[cfg(feature = "login")]
pub mod migrate;
pub mod model;
pub mod password;
pub mod rules;
pub mod schema;
#[cfg(feature = "login")]
pub mod service;
#[cfg(feature = "login")]
pub mod sources;
#[cfg(feature = "login")]
pub mod sqlite;
#[cfg(feature = "login")]
pub mod targets;
pub mod testing;
