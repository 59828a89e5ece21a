//! The API of a product that stores accounts: reads what bridges need to know.

use std::path::Path;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value as Json;
use url::Url;

use super::check;
use super::client::{Client, Resend};
use super::error::Failure;
use super::request::Built;
use super::target::HttpTargetSettings;
use crate::adapters::registry::ProductApi;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// The API behind an `http` target.
pub(super) struct HttpProductApi {
    name: String,
    client: Client,
}

impl HttpProductApi {
    /// Opens it; connects to nothing. Paths are relative to the folder.
    pub fn open(settings: &HttpTargetSettings, folder: &Path) -> Result<Self, PortError> {
        let client = Client::open(&settings.server, settings.response_limit, folder).map_err(|mistake| {
            let why = check::sentence(&[mistake]);
            PortError::new(PortErrorKind::Misconfigured, &settings.name, "open").because(why)
        })?;
        Ok(Self { name: settings.name.clone(), client })
    }

    async fn ask(&self, path: &str, request_id: &str) -> Result<Option<Json>, Failure> {
        let url = format!("{}{path}", self.client.base().as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_| Failure::bad("the path is invalid"))?;
        let built = Built { method: Method::GET, url, headers: HeaderMap::new(), body: None };
        let answer = self.client.send(&built, Resend::Allowed, request_id).await?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body).map(Some).map_err(|_| Failure::bad("the answer is not JSON")),
            404 => Ok(None),
            _ => Err(answer.failure()),
        }
    }
}

impl ProductApi for HttpProductApi {
    fn get<'a>(&'a self, path: &'a str, request_id: &'a str) -> BoxFuture<'a, Result<Option<Json>, PortError>> {
        Box::pin(async move { self.ask(path, request_id).await.map_err(|failure| failure.of(&self.name, "get")) })
    }
}
