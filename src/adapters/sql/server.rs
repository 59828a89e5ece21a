//! What errors of the driver mean that did not come from the server.

use sqlx::Error;

use crate::ports::PortErrorKind;

/// The meaning of an error without a code of the server.
pub(in crate::adapters) fn meaning(error: &Error) -> (PortErrorKind, &'static str) {
    match error {
        Error::Tls(_) => (PortErrorKind::Misconfigured, "no trusted TLS connection"),
        Error::Io(error) if is_certificate(error) => {
            (PortErrorKind::Misconfigured, "the certificate of the server is not trusted")
        }
        Error::Io(_) => (PortErrorKind::Unavailable, "cannot reach the server"),
        Error::Configuration(_) => (PortErrorKind::Misconfigured, "the connection settings are invalid"),
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) | Error::TypeNotFound { .. } => {
            (PortErrorKind::BadResponse, "cannot read a value")
        }
        Error::Encode(_) => (PortErrorKind::Misconfigured, "a query cannot use a value"),
        Error::Protocol(_) => (PortErrorKind::BadResponse, "the server does not speak the expected protocol"),
        _ => (PortErrorKind::Unavailable, "cannot reach the server"),
    }
}

/// Whether TLS failed because of a certificate.
fn is_certificate(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}
