//! Parses the result of a script: nothing, or a map of `deny`, `facts` and `tags`.

use serde_json::{Map, Value as Json};

use crate::model::Value;
use crate::model::json::to_json;
use crate::ports::{HookAnswer, HookPoint};

/// The longest key, name or tag, in bytes. Stops customer values from being passed on as tags; real tags are words.
const MAX_WORD: usize = 64;

/// The most tags of one customer. Stops the ledger and events from growing; a campaign or a tier is one tag each.
const MAX_TAGS: usize = 16;

/// The most facts of one hook. Rules refer to each of them by name.
const MAX_FACTS: usize = 32;

/// The most bytes of facts, as JSON. Stops a whole record from being passed on as facts; the results of a few checks
/// fit.
const MAX_FACT_BYTES: usize = 4096;

/// The answer in the result of a script, or one sentence about what is wrong with it.
pub(super) fn read(point: HookPoint, result: Value<'_>) -> Result<HookAnswer, String> {
    let members = match result {
        Value::Missing | Value::Null => return Ok(HookAnswer::default()),
        Value::Object(members) => members,
        other => return Err(format!("a hook must return nothing or a map, found {}", other.kind())),
    };
    let mut answer = HookAnswer::default();
    for (name, value) in members {
        match *name {
            "deny" => answer.deny = deny(point, *value)?,
            "facts" => answer.facts = facts(*value)?,
            "tags" => answer.tags = tags(*value)?,
            _ => return Err("the map that a hook returns can only have the keys `deny`, `facts` and `tags`".to_owned()),
        }
    }
    Ok(answer)
}

fn deny(point: HookPoint, value: Value<'_>) -> Result<Option<String>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    if matches!(point, HookPoint::AfterCreate | HookPoint::OnRefusal) {
        return Err("this hook runs too late to deny the customer".to_owned());
    }
    value.as_text().and_then(word).map(Some).ok_or_else(|| not_a_word("`deny`"))
}

fn facts(value: Value<'_>) -> Result<Map<String, Json>, String> {
    let facts = match value {
        Value::Missing | Value::Null => return Ok(Map::new()),
        Value::Object(facts) => facts,
        _ => return Err("`facts` must be a map".to_owned()),
    };
    if facts.len() > MAX_FACTS {
        return Err(format!("a hook can add at most {MAX_FACTS} facts"));
    }
    if !facts.iter().all(|(name, _)| is_name(name)) {
        return Err("the name of a fact must have 1 to 64 lower case letters, digits and `_`".to_owned());
    }
    let facts: Map<String, Json> = facts.iter().map(|(name, value)| ((*name).to_owned(), to_json(*value))).collect();
    let bytes = serde_json::to_vec(&facts).map_or(usize::MAX, |text| text.len());
    if bytes > MAX_FACT_BYTES { Err(format!("facts can have at most {MAX_FACT_BYTES} bytes")) } else { Ok(facts) }
}

fn tags(value: Value<'_>) -> Result<Vec<String>, String> {
    let tags = match value {
        Value::Missing | Value::Null => return Ok(Vec::new()),
        Value::List(tags) => tags,
        _ => return Err("`tags` must be a list".to_owned()),
    };
    if tags.len() > MAX_TAGS {
        return Err(format!("a hook can add at most {MAX_TAGS} tags"));
    }
    tags.iter().map(|tag| tag.as_text().and_then(word).ok_or_else(|| not_a_word("a tag"))).collect()
}

fn word(text: &str) -> Option<String> {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    ((1..=MAX_WORD).contains(&text.len()) && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

fn is_name(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn not_a_word(what: &str) -> String {
    format!("{what} must have 1 to {MAX_WORD} lower case letters, digits, `_`, `.` and `-`")
}
