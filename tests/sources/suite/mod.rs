//! The behaviour of every database source: the same checks for all systems.

mod lists;
mod queries;
mod records;

use crate::legacy::{Legacy, System};
use crate::servers;

/// Makes a legacy database from statements.
type Make<'m> = &'m dyn Fn(&str) -> Legacy<'static>;

macro_rules! suite {
    ($($group:ident::$check:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $check() { super::$group::$check(&|tables| super::Legacy::sqlite(tables)).await; })*
        }
        mod postgres {
            $(
                #[tokio::test]
                #[ignore = "needs PostgreSQL; run tests/run"]
                async fn $check() {
                    super::$group::$check(&|tables| super::Legacy::new(super::servers::postgres(), tables)).await;
                }
            )*
        }
        mod mariadb {
            $(
                #[tokio::test]
                #[ignore = "needs MariaDB; run tests/run"]
                async fn $check() {
                    super::$group::$check(&|tables| super::Legacy::new(super::servers::mariadb(), tables)).await;
                }
            )*
        }
    };
}

suite!(
    records::customers_are_found_in_any_spelling,
    records::what_is_not_one_usable_record_is_an_error,
    records::hostile_logins_are_found_literally,
    lists::lists_have_their_shapes,
    lists::lists_are_limited,
    queries::queries_cannot_write,
    lists::parameters_have_the_type_of_their_column,
    queries::queries_are_read_as_the_database_reads_them,
    records::many_columns_and_odd_names_arrive,
    records::empty_tables_and_nulls_are_no_customers,
    records::text_up_to_the_limit_arrives,
    queries::a_check_describes_the_queries,
    lists::a_record_and_its_lists_are_of_one_moment,
);

/// A table of logins. MariaDB compares text loosely unless told otherwise.
fn users(columns: &str) -> String {
    format!("CREATE TABLE users (login varchar(600), email varchar(600), mark varchar(600){columns});")
}

fn insert(legacy: &Legacy<'_>, login: &str, email: &str, mark: &str) {
    let [login, email, mark] = [login, email, mark].map(|text| legacy.text(text));
    legacy.sql(&format!("INSERT INTO users (login, email, mark) VALUES ({login}, {email}, {mark});"));
}

fn by_login(legacy: &Legacy<'_>) -> String {
    format!("SELECT * FROM users WHERE {}", legacy.is_identifier("login"))
}

fn system_of(make: Make<'_>) -> System {
    make("CREATE TABLE one (a int);").system()
}
