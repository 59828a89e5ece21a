//! A certificate authority for tests.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// The names of a server on this machine.
pub const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];

/// A certificate authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its private key, in PEM.
pub struct Certificate {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new authority, which nobody trusts yet.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Landfall test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        Self { issuer }
    }

    /// The certificate of the authority, in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes the certificate of the authority.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("ca.pem");
        fs::write(&path, self.pem()).expect("a file");
        path
    }

    /// A certificate for a server with these host names and IP addresses.
    pub fn issue(&self, names: &[impl AsRef<str>]) -> Certificate {
        self.sign(&server(names))
    }

    /// The same, but no longer valid.
    pub fn issue_expired(&self, names: &[impl AsRef<str>]) -> Certificate {
        let mut params = server(names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Certificate { certificate, key: key.serialize_pem() }
    }
}

/// A certificate that no authority signed.
pub fn self_signed(names: &[impl AsRef<str>]) -> Certificate {
    let key = KeyPair::generate().expect("a key");
    let mut params = server(names);
    params.use_authority_key_identifier_extension = false;
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    Certificate { certificate, key: key.serialize_pem() }
}

/// What a certificate of a server says.
fn server(names: &[impl AsRef<str>]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("valid names");
    params.distinguished_name.push(DnType::CommonName, "Landfall test server");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}
