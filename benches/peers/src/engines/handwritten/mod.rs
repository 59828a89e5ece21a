//! The practical limit: Rust written by hand for this one job, over structs that borrow from the record.

mod account;
mod dates;
mod record;
mod text;

use super::{Engine, names};

/// Nothing is kept between records.
pub struct Handwritten;

impl Engine for Handwritten {
    fn name(&self) -> &'static str {
        names::HANDWRITTEN
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let record: record::Record = serde_json::from_str(record).expect("the record has the shape");
        let full = record.person.name.as_ref().map(|name| text::squished(name.as_str()));
        let account = account::of(&record, full.as_deref()).expect("the record makes an account");
        serde_json::to_writer(out, &account).expect("the account is JSON");
    }
}
