//! cognito-local, a server that answers as Amazon Cognito does and invokes Lambda functions by HTTP. `tests/run` downloads it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::network::{free_port, is_answered};
use super::process::Process;
use super::programs::{cached, program};

/// The folder in the cache.
const DISTRIBUTION: &str = "cognito-local-5.3.0";

/// The longest wait for the start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running cognito-local with an empty store.
pub struct CognitoLocal {
    process: Process,
    pub address: SocketAddr,
}

impl CognitoLocal {
    /// Starts it. It invokes the function `migrate` at an address when a user is missing.
    pub fn start(functions: &str) -> Self {
        let process = Process::of_this_user("cognito-local", Signal::TERM);
        let settings = json!({
            "LambdaClient": { "endpoint": functions, "credentials": { "accessKeyId": "local", "secretAccessKey": "local" } },
            "TriggerFunctions": { "UserMigration": "migrate" },
        });
        let store = process.folder().join(".cognito");
        fs::create_dir(&store).expect("a folder");
        fs::write(store.join("config.json"), settings.to_string()).expect("the settings");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut node = Command::new(program("node"));
        node.arg(cached(DISTRIBUTION).join("node_modules/.bin/cognito-local"));
        node.env("HOST", "127.0.0.1").env("PORT", address.port().to_string());
        for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            node.env_remove(proxy);
        }
        process.spawn(&mut node);
        let ready = format!("http://{address}/health");
        process.wait_until(TIMEOUT, || is_answered(&ready));
        Self { process, address }
    }

    /// Calls its API: the status, and the answer.
    pub async fn call(&self, http: &reqwest::Client, operation: &str, body: &Value) -> (u16, Value) {
        let answer = http
            .post(format!("http://{}/", self.address))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/local/cognito-idp/aws4_request")
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
