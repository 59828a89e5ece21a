//! JSONPath by jsonpath-rust for finding fields, and Rust for the rest.

use jsonpath_rust::JsonPath;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use super::dom::{Field, Mapping, PATHS};
use super::{Engine, names};

/// Asks with the text of the path, as the examples of the library do.
#[derive(Default)]
pub struct Querying {
    mapping: Mapping,
}

impl Engine for Querying {
    fn name(&self) -> &'static str {
        names::JSONPATH_QUERY
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let record: Value = serde_json::from_str(record).expect("the record is JSON");
        let get = |field: Field| record.query(PATHS[field as usize]).ok()?.first().copied();
        let account = self.mapping.account(get).expect("the record makes an account");
        serde_json::to_writer(out, &account).expect("the account is JSON");
    }
}

/// Parses the paths once.
pub struct Parsed {
    queries: Vec<JpQuery>,
    mapping: Mapping,
}

impl Parsed {
    /// Parses the paths.
    pub fn new() -> Self {
        let queries = PATHS.iter().map(|path| parse_json_path(path).expect("a path")).collect();
        Self { queries, mapping: Mapping::default() }
    }
}

impl Engine for Parsed {
    fn name(&self) -> &'static str {
        names::JSONPATH_PARSED
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let record: Value = serde_json::from_str(record).expect("the record is JSON");
        let get = |field: Field| {
            let found = js_path_process(&self.queries[field as usize], &record).ok()?;
            found.into_iter().next().map(|found| found.val())
        };
        let account = self.mapping.account(get).expect("the record makes an account");
        serde_json::to_writer(out, &account).expect("the account is JSON");
    }
}
