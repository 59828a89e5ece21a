//! What most teams write first: a tree of `serde_json` values, chains of `get`, regexes.

use serde_json::Value;

use super::dom::{Field, Mapping, PATHS};
use super::{Engine, names};

/// The names on the way to each field, and the mapping.
pub struct OverValue {
    ways: Vec<Vec<&'static str>>,
    mapping: Mapping,
}

impl Default for OverValue {
    fn default() -> Self {
        let ways = PATHS.iter().map(|path| path.split('.').skip(1).collect()).collect();
        Self { ways, mapping: Mapping::default() }
    }
}

impl Engine for OverValue {
    fn name(&self) -> &'static str {
        names::VALUE
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let record: Value = serde_json::from_str(record).expect("the record is JSON");
        let get = |field: Field| self.ways[field as usize].iter().try_fold(&record, |value, name| value.get(name));
        let account = self.mapping.account(get).expect("the record makes an account");
        serde_json::to_writer(out, &account).expect("the account is JSON");
    }
}
