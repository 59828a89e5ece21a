//! The address of a PostgreSQL server: its parameters are checked, and TLS is verified unless it says otherwise.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::adapters::sql::address::Address;

/// The parameters of an address (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>).
/// libpq knows more of them; an unknown one is an error, because it would be ignored.
const PARAMETERS: &[&str] =
    &["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "dbname", "application_name"];

/// The parameters that are files.
const FILES: &[&str] = &["sslrootcert", "sslcert", "sslkey"];

/// How to connect. Files are relative to the folder.
///
/// # Errors
/// What is wrong with the address, without showing it.
pub(super) fn options(url: &str, folder: &Path) -> Result<PgConnectOptions, String> {
    let address = Address::parse(url, PARAMETERS, FILES, folder)?;
    let written = address.parameter("sslmode");
    let trusts = address.trusts("sslrootcert", written, &["disable", "prefer"])?;
    let mode = match written {
        Some("disable") => PgSslMode::Disable,
        Some("prefer") => PgSslMode::Prefer,
        // as libpq does
        Some("require") if trusts => PgSslMode::VerifyCa,
        Some("require") => PgSslMode::Require,
        Some("verify-ca") => PgSslMode::VerifyCa,
        Some("verify-full") => PgSslMode::VerifyFull,
        Some(_) => return Err("`sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`".to_owned()),
        None if address.is_local() && !trusts => PgSslMode::Prefer,
        None => PgSslMode::VerifyFull,
    };
    let options = PgConnectOptions::from_url(address.url()).map_err(|_| "it cannot be read".to_owned())?;
    let options = match address.ipv6() {
        Some(host) => options.host(&host),
        None => options,
    };
    let options =
        if address.parameter("application_name").is_none() { options.application_name("landfall") } else { options };
    Ok(options.ssl_mode(mode).disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<PgSslMode, String> {
        options(url, Path::new("etc")).map(|options| options.get_ssl_mode())
    }

    #[test]
    fn tls_is_verified_unless_the_server_is_local() {
        for (url, wanted) in [
            ("postgres://u:p@db.example/shop", PgSslMode::VerifyFull),
            ("postgresql://u:p@db.example/shop?sslmode=require", PgSslMode::Require),
            ("postgres://u:p@127.0.0.1:5433/shop", PgSslMode::Prefer),
            ("postgres://u:p@[::1]/shop", PgSslMode::Prefer),
            ("postgres://u:p@localhost/shop?sslmode=verify-full", PgSslMode::VerifyFull),
            ("postgres://u:p@db.example/shop?sslmode=require&sslrootcert=/dev/null", PgSslMode::VerifyCa),
            ("postgres://u:p@127.0.0.1/shop?sslrootcert=/dev/null", PgSslMode::VerifyFull),
            ("postgres://u@%2Frun%2Fpostgresql/shop", PgSslMode::Prefer),
        ] {
            assert!(matches!((mode(url), wanted), (Ok(mode), wanted) if mode as u8 == wanted as u8), "{url}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_an_error() {
        for (url, part) in [
            ("postgres://u:geheim@db.example/shop?sslmod=disable", "`sslmod`"),
            ("postgres://u:geheim@db.example/shop?sslmode=verify", "`sslmode` is"),
            ("postgres://u:geheim@db.example/", "no database"),
            ("postgres:///shop", "no host"),
            ("postgres://db.example/shop", "no user"),
            ("postgres://u:geheim@:bad/shop", "cannot be read"),
            ("postgres://u:12?geheim@db.example/shop", "what follows `?`"),
            ("postgres://u:geheim@db.example/shop?sslrootcert=absent.pem", "does not exist: etc/absent.pem"),
            ("postgres://u:geheim@db.example/shop?sslmode=prefer&sslrootcert=/dev/null", "has no effect"),
        ] {
            let error = mode(url).err().unwrap_or_default();
            assert!(error.contains(part) && !error.contains("geheim"), "{url}: {error}");
        }
    }
}
