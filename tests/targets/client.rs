//! Calls of a product's API, as an administrator makes them.

use std::time::Duration;

use base64::Engine as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

use crate::running::client;

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a body, or `null` for none; the status and the answer, which is `null` if it is not JSON.
pub async fn call(method: Method, url: &str, authorization: &str, body: &Value) -> (u16, Value) {
    let kind = if url.contains("/Users") { "application/scim+json" } else { "application/json" };
    let mut call = client(TIMEOUT).request(method, url).header("authorization", authorization);
    if !body.is_null() {
        call = call.header("content-type", kind).body(body.to_string());
    }
    answer(call).await
}

/// Sends a form.
pub async fn send_form(url: &str, authorization: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let kind = "application/x-www-form-urlencoded";
    let call = client(TIMEOUT).post(url).header("content-type", kind).body(encode(form));
    answer(if authorization.is_empty() { call } else { call.header("authorization", authorization) }).await
}

/// Calls Cognito. moto does not check the signature.
pub async fn aws(url: &str, operation: &str, region: &str, body: &Value) -> (u16, Value) {
    let call = client(TIMEOUT).post(url).header("content-type", "application/x-amz-json-1.1");
    let call = call.header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"));
    let scope = format!("20260101/{region}/cognito-idp/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential=a/{scope}, SignedHeaders=host, Signature=0");
    answer(call.header("authorization", signature).body(body.to_string())).await
}

async fn answer(call: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = call.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default())
}

/// The header of a client with its secret, as OAuth writes it.
pub fn basic((id, secret): (&str, &str)) -> String {
    let pair = [id, secret].map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).join(":");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// The header with a token for a client with its secret.
pub async fn bearer(token_url: &str, client: (&str, &str)) -> String {
    let (status, answer) = send_form(token_url, &basic(client), &[("grant_type", "client_credentials")]).await;
    assert_eq!(status, 200, "{answer}");
    format!("Bearer {}", answer["access_token"].as_str().expect("a token"))
}

/// A form, or the parameters of an address.
pub fn encode(form: &[(&str, &str)]) -> String {
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let parts: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", part(value))).collect();
    parts.join("&")
}
