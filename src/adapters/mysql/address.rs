//! The address of a MySQL or MariaDB server: its parameters are checked, and TLS is verified unless it says otherwise.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::adapters::sql::address::Address;

/// The parameters of an address, in the words of the clients
/// (<https://dev.mysql.com/doc/refman/8.4/en/connecting-using-uri-or-key-value-pairs.html>).
const PARAMETERS: &[&str] = &["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket"];

/// The parameters that are files.
const FILES: &[&str] = &["ssl-ca", "ssl-cert", "ssl-key"];

/// How to connect. Files are relative to the folder.
///
/// # Errors
/// What is wrong with the address, without showing it.
pub(super) fn options(url: &str, folder: &Path) -> Result<MySqlConnectOptions, String> {
    let address = Address::parse(url, PARAMETERS, FILES, folder)?;
    let written = address.parameter("ssl-mode");
    let trusts = address.trusts("ssl-ca", written, &["DISABLED", "PREFERRED"])?;
    let mode = match written {
        Some("DISABLED") => MySqlSslMode::Disabled,
        Some("PREFERRED") => MySqlSslMode::Preferred,
        Some("REQUIRED") if trusts => MySqlSslMode::VerifyCa,
        Some("REQUIRED") => MySqlSslMode::Required,
        Some("VERIFY_CA") => MySqlSslMode::VerifyCa,
        Some("VERIFY_IDENTITY") => MySqlSslMode::VerifyIdentity,
        Some(_) => {
            return Err(
                "`ssl-mode` is `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`".to_owned()
            );
        }
        None if address.is_local() && !trusts => MySqlSslMode::Preferred,
        None => MySqlSslMode::VerifyIdentity,
    };
    let options = MySqlConnectOptions::from_url(address.url()).map_err(|_| "it cannot be read".to_owned())?;
    let options = match address.ipv6() {
        Some(host) => options.host(&host),
        None => options,
    };
    // The author of a query expects the server's own meaning of `||`.
    let options = options.pipes_as_concat(false).no_engine_substitution(false);
    Ok(options.ssl_mode(mode).disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<MySqlSslMode, String> {
        options(url, Path::new("etc")).map(|options| options.get_ssl_mode())
    }

    #[test]
    fn tls_is_verified_unless_the_server_is_local() {
        for (url, wanted) in [
            ("mysql://u:p@db.example/shop", MySqlSslMode::VerifyIdentity),
            ("mariadb://u:p@db.example/shop?ssl-mode=REQUIRED", MySqlSslMode::Required),
            ("mysql://u:p@127.0.0.1:3307/shop", MySqlSslMode::Preferred),
            ("mysql://u:p@localhost/shop?ssl-mode=VERIFY_IDENTITY", MySqlSslMode::VerifyIdentity),
            ("mysql://u:p@db.example/shop?ssl-mode=REQUIRED&ssl-ca=/dev/null", MySqlSslMode::VerifyCa),
            ("mysql://u:p@127.0.0.1/shop?ssl-ca=/dev/null", MySqlSslMode::VerifyIdentity),
            ("mysql://u@db.example/shop?socket=/run/mysqld/mysqld.sock", MySqlSslMode::Preferred),
        ] {
            assert!(matches!((mode(url), wanted), (Ok(mode), wanted) if mode as u8 == wanted as u8), "{url}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_an_error() {
        for (url, part) in [
            ("mysql://u:geheim@db.example/shop?sslmode=disable", "`sslmode`"),
            ("mysql://u:geheim@db.example/shop?ssl-mode=verify", "`ssl-mode` is"),
            ("mysql://u:geheim@db.example", "no database"),
            ("mysql://u:12?geheim@db.example/shop", "what follows `?`"),
            ("mysql://u:geheim@db.example/shop?ssl-ca=absent.pem", "does not exist: etc/absent.pem"),
        ] {
            let error = mode(url).err().unwrap_or_default();
            assert!(error.contains(part) && !error.contains("geheim"), "{url}: {error}");
        }
    }
}
