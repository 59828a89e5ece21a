//! The servers of integration tests themselves: they start, verify, stop, restart and pause as tests need it, and nothing is
//! left behind. Also the addresses and the proxy for tests of faults.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "support/servers/mod.rs"]
mod servers;

#[path = "servers/faults.rs"]
mod faults;
#[path = "servers/life.rs"]
mod life;

/// Runs the same tests against a database system. Each function gets the system and the server shared by the tests.
macro_rules! tests {
    ($module:ident, $system:expr, $shared:path, $reason:literal, [$($test:ident),* $(,)?]) => {
        mod $module {
            $(
                #[test]
                #[ignore = $reason]
                fn $test() {
                    crate::life::$test(&$system, $shared());
                }
            )*
        }
    };
}

tests!(
    postgres,
    crate::servers::POSTGRES,
    crate::servers::postgres,
    "needs PostgreSQL; run tests/run",
    [
        clients_verify_the_certificate,
        the_certificate_has_the_chosen_names,
        tls_is_optional_or_off,
        settings_are_its_own,
        a_read_only_server_is_prepared_by_its_administrator,
        each_test_has_a_database,
        databases_have_other_character_sets,
        urls_escape_their_parts,
        data_survives_a_restart,
        a_stopped_server_refuses,
        a_paused_server_answers_later,
        a_dropped_server_is_gone,
        a_server_ends_with_the_killed_tests,
    ]
);

tests!(
    mariadb,
    crate::servers::MARIADB,
    crate::servers::mariadb,
    "needs MariaDB; run tests/run",
    [
        clients_verify_the_certificate,
        the_certificate_has_the_chosen_names,
        tls_is_optional_or_off,
        settings_are_its_own,
        a_read_only_server_is_prepared_by_its_administrator,
        each_test_has_a_database,
        databases_have_other_character_sets,
        urls_escape_their_parts,
        data_survives_a_restart,
        a_stopped_server_refuses,
        a_paused_server_answers_later,
        a_dropped_server_is_gone,
        a_server_ends_with_the_killed_tests,
    ]
);
