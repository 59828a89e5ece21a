//! AWS Signature Version 4, for services other than S3: `docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::error::Failure;
use super::request::{Built, sensitive};
use super::settings::AwsAuth;
use crate::ports::PortErrorKind;

/// What the signature calls an encoded URI.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The headers that are signed, besides `host` and `x-amz-date`.
const SIGNED: [&str; 2] = ["content-type", "x-amz-target"];

/// Signs requests.
#[derive(Debug)]
pub(super) struct Signer {
    settings: AwsAuth,
}

impl Signer {
    /// A signer.
    pub fn new(settings: &AwsAuth) -> Self {
        Self { settings: settings.clone() }
    }

    /// Adds a signature to the headers.
    pub fn sign(&self, built: &Built, headers: &mut HeaderMap, now: Timestamp) -> Result<(), Failure> {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let date = time.split('T').next().unwrap_or_default().to_owned();
        let unfit = |_| Failure::new(PortErrorKind::Misconfigured, "the time cannot be sent in a header");
        headers.insert("x-amz-date", HeaderValue::from_str(&time).map_err(unfit)?);
        let body = built.body.as_ref().map_or(&[][..], |body| body.as_slice());
        let (canonical, names) = canonical(built, headers, &host(&built.url), body);
        let AwsAuth { region, service, access_key, .. } = &self.settings;
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
        let signature = hex::encode(mac(&self.key(&date), &text));
        let header =
            format!("AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}");
        headers.insert(AUTHORIZATION, sensitive(&header)?);
        Ok(())
    }

    fn key(&self, date: &str) -> Zeroizing<Vec<u8>> {
        let secret = Zeroizing::new(format!("AWS4{}", self.settings.secret_key.expose()));
        let start = Zeroizing::new(secret.as_bytes().to_vec());
        let parts = [date, &self.settings.region, &self.settings.service, "aws4_request"];
        parts.into_iter().fold(start, |key, part| mac(&key, part))
    }
}

fn mac(key: &[u8], text: &str) -> Zeroizing<Vec<u8>> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::new(Vec::new()) };
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// The host as the client sends it.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The canonical request, and the names of the signed headers.
fn canonical(built: &Built, headers: &HeaderMap, host: &str, body: &[u8]) -> (String, String) {
    let mut signed = vec![("host", host.to_owned())];
    for name in SIGNED.into_iter().chain(["x-amz-date"]) {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        signed.extend(value.map(|value| (name, value.trim().to_owned())));
    }
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let digest = hex::encode(Sha256::digest(body));
    let (method, path, query) = (&built.method, path(&built.url), query(&built.url));
    (format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"), names)
}

/// The path, encoded once more.
fn path(url: &Url) -> String {
    let segments: Vec<String> =
        url.path().split('/').map(|segment| utf8_percent_encode(segment, ENCODED).to_string()).collect();
    segments.join("/")
}

fn query(url: &Url) -> String {
    let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let encode = |text: &str| {
        let plain: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&plain, ENCODED).to_string()
    };
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::settings::Secret;

    /// Requests of the signature's test suite that AWS publishes, with their signatures.
    #[test]
    fn signatures_are_those_of_the_test_suite() {
        let signer = Signer::new(&AwsAuth {
            region: "us-east-1".into(),
            service: "service".into(),
            access_key: "AKIDEXAMPLE".into(),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        });
        let now: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        let form = "application/x-www-form-urlencoded";
        for (method, path, content_type, body, signature) in [
            (Method::GET, "/", None, None, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                Method::GET,
                "/?Param2=value2&Param1=value1",
                None,
                None,
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                Method::POST,
                "/",
                Some(form),
                Some("Param1=value1"),
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let url = Url::parse(&format!("https://example.amazonaws.com{path}")).unwrap();
            let body = body.map(|body: &str| Zeroizing::new(body.as_bytes().to_vec()));
            let mut headers = HeaderMap::new();
            content_type.map(|text| headers.insert("content-type", HeaderValue::from_static(text)));
            let built = Built { method, url, headers: HeaderMap::new(), body };
            signer.sign(&built, &mut headers, now).unwrap();
            let header = headers.get(AUTHORIZATION).unwrap().to_str().unwrap();
            assert!(header.ends_with(&format!("Signature={signature}")), "{path}: {header}");
        }
    }
}
