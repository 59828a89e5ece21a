//! Landfall migrates customer accounts from a legacy system to a new identity store, each **at the customer's first login**.
//!
//! When a customer signs in who has no account yet, the login fetches the legacy record, verifies the password against
//! the legacy system, maps the record with rules written in YAML, and stores the account. This crate is the library
//! behind the program `landfall`. It has two halves that can be used on their own:
//!
//! * The **engine** compiles rules and runs them over records. It is pure: no network, disk, clock or randomness.
//! * The **login** is one async flow over ports: where records come from, what verifies a password, where accounts and
//!   decisions are stored.
//!
//! # The engine in your program
//!
//! Rules are compiled once. The plan is immutable and shared by all threads; each record is one run in an arena.
//!
//! ```
//! use landfall::diag::{Files, Findings, render};
//! use landfall::engine::{Bump, NoFiles, Outcome, Settings, Silent, compile};
//!
//! const RULES: &str = "
//! landfall: 1
//! name: shop
//! account:
//!   username: { from: $.login, do: [ trim, lowercase ] }
//!   email.value: { from: $.mail, do: [ trim, email ], on_error: reject }
//! ";
//!
//! // Every mistake in the rules is found here, with its place and what to do about it.
//! let (mut files, mut findings) = (Files::default(), Findings::default());
//! let file = files.add("shop.yaml", RULES);
//! let Some(plan) = compile(&mut files, file, &NoFiles, &mut findings) else {
//!     return Err(render::plain(&files, &findings.sorted()).into());
//! };
//!
//! let (settings, mut arena) = (Settings::default(), Bump::new());
//! let mut accounts = Vec::new();
//! for record in [r#"{"login":" Ada ","mail":"Ada@Example.org"}"#, r#"{"login":"bo","mail":"nobody"}"#] {
//!     arena.reset();
//!     for outcome in plan.run(record, &settings, &arena, &mut Silent).outcomes {
//!         match outcome {
//!             Outcome::Account(made) => made.write_json(&mut accounts),
//!             Outcome::Denied(reason) => panic!("these rules deny nobody, but they said {reason}"),
//!             // A reason names the rule and the step, and never contains a value of the record.
//!             Outcome::Invalid(reasons) => assert_eq!((&*reasons[0].rule, &*reasons[0].step), ("email.value", "email")),
//!         }
//!     }
//! }
//! assert_eq!(String::from_utf8(accounts)?, r#"{"username":"ada","email":{"value":"ada@example.org"}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The login in your program
//!
//! A [`Migrator`](migrate::Migrator) is built from its [parts](migrate::MigratorParts), one for each port, and
//! [signs customers in](migrate::Migrator::login). The module [`migrate`] lists what a program must do besides. Two
//! programs in the repository show it:
//!
//! * `examples/embed.rs`: the engine, and then the login over an export and SQLite files.
//! * `examples/custom_source.rs`: a source of your own, with a time limit, a retry and a circuit breaker around it.
//!
//! # What to look at
//!
//! | you want to | look at |
//! |---|---|
//! | write rules | [`rules`]: the language |
//! | compile and run rules | [`engine::compile`](fn@engine::compile), [`engine::Plan`], [`engine::Outcome`] |
//! | show what is wrong with rules | [`diag`]: findings, and how they are printed |
//! | check an account, or give it a shape of your own | [`schema`] |
//! | read values and passwords | [`model`] |
//! | verify a stored password hash | [`password`] |
//! | sign customers in | [`migrate`] |
//! | connect a system of your own | [`ports`]: the traits, and the types they speak in |
//! | use an export, a database, an SQLite store | [`adapters`] |
//! | protect a system from the load of logins | [`guard`] |
//! | limit the time and memory that hashes take | [`hashing`] |
//!
//! Modules that are not listed serve the program and its tests. They may change in any version.
//!
//! # Features
//!
//! | feature | contains |
//! |---|---|
//! | none (`default-features = false`) | the engine: `diag`, `engine`, `model`, `password`, `rules`, `schema` |
//! | `login` | everything on this page except PostgreSQL, MySQL and LDAP |
//! | `postgres`, `mysql` | the login, with these databases as sources |
//! | `ldap` | the login, with directories as sources and verifiers |
//! | `cli` (default) | the program |
//!
//! The interface uses types of `bumpalo` 3, `jiff` 0.2, `serde_json` 1, `tokio` 1 and `zeroize` 1. The login needs a
//! tokio runtime with its timer.

#[cfg(feature = "login")]
pub mod adapters;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod assess;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod audit;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod bridge;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod callers;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod compare;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod config;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod demo;
pub mod diag;
pub mod engine;
#[cfg(feature = "login")]
mod events;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod formats;
#[cfg(feature = "login")]
pub mod guard;
#[cfg(feature = "login")]
pub mod hashing;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod hooks;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod html_report;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod metrics;
#[cfg(feature = "login")]
pub mod migrate;
pub mod model;
pub mod password;
#[cfg(feature = "login")]
pub mod ports;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod random;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod ready_rules;
pub mod rules;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod sampling;
pub mod schema;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod service;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod settings;
#[cfg(feature = "login")]
#[doc(hidden)]
pub mod signing;
#[doc(hidden)]
pub mod testing;
#[cfg(feature = "login")]
mod tls;
