//! What a script may answer: nothing, or a map of `deny`, `facts` and `tags`.

use serde_json::{Map, Value as Json};

use crate::migrate::{HookAnswer, HookPoint};
use crate::model::Value;
use crate::model::json::to_json;

/// The longest key, name or tag, in bytes. Stops values of customers from travelling as tags; real ones are words.
const MAX_WORD: usize = 64;

/// The most tags of one customer. Stops the ledger and events from growing; a campaign or a tier is one tag each.
const MAX_TAGS: usize = 16;

/// The most facts of one hook. Rules name each of them.
const MAX_FACTS: usize = 32;

/// The most bytes of facts, as JSON. Stops a record from being carried around a second time; answers to a few questions fit.
const MAX_FACT_BYTES: usize = 4096;

/// The answer in the result of a script, or one sentence of what is wrong with it.
pub(super) fn read(point: HookPoint, result: Value<'_>) -> Result<HookAnswer, String> {
    let members = match result {
        Value::Missing | Value::Null => return Ok(HookAnswer::default()),
        Value::Object(members) => members,
        other => return Err(format!("a hook gives nothing or a map, found {}", other.kind())),
    };
    let mut answer = HookAnswer::default();
    for (name, value) in members {
        match *name {
            "deny" => answer.deny = deny(point, *value)?,
            "facts" => answer.facts = facts(*value)?,
            "tags" => answer.tags = tags(*value)?,
            _ => return Err("the map of a hook has the keys `deny`, `facts` and `tags`, and no other".to_owned()),
        }
    }
    Ok(answer)
}

fn deny(point: HookPoint, value: Value<'_>) -> Result<Option<String>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    if matches!(point, HookPoint::AfterCreate | HookPoint::OnRefusal) {
        return Err("it is too late to deny here".to_owned());
    }
    value.as_text().and_then(word).map(Some).ok_or_else(|| not_a_word("`deny`"))
}

fn facts(value: Value<'_>) -> Result<Map<String, Json>, String> {
    let facts = match value {
        Value::Missing | Value::Null => return Ok(Map::new()),
        Value::Object(facts) => facts,
        _ => return Err("`facts` is a map".to_owned()),
    };
    if facts.len() > MAX_FACTS {
        return Err(format!("a hook adds at most {MAX_FACTS} facts"));
    }
    if !facts.iter().all(|(name, _)| is_name(name)) {
        return Err("the name of a fact has 1 to 64 lower case letters, digits and `_`".to_owned());
    }
    let facts: Map<String, Json> = facts.iter().map(|(name, value)| ((*name).to_owned(), to_json(*value))).collect();
    let bytes = serde_json::to_vec(&facts).map_or(usize::MAX, |text| text.len());
    if bytes > MAX_FACT_BYTES { Err(format!("facts have at most {MAX_FACT_BYTES} bytes")) } else { Ok(facts) }
}

fn tags(value: Value<'_>) -> Result<Vec<String>, String> {
    let tags = match value {
        Value::Missing | Value::Null => return Ok(Vec::new()),
        Value::List(tags) => tags,
        _ => return Err("`tags` is a list".to_owned()),
    };
    if tags.len() > MAX_TAGS {
        return Err(format!("a hook gives at most {MAX_TAGS} tags"));
    }
    tags.iter().map(|tag| tag.as_text().and_then(word).ok_or_else(|| not_a_word("a tag"))).collect()
}

fn word(text: &str) -> Option<String> {
    let proper = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    ((1..=MAX_WORD).contains(&text.len()) && text.bytes().all(proper)).then(|| text.to_owned())
}

fn is_name(text: &str) -> bool {
    let proper = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(proper)
}

fn not_a_word(what: &str) -> String {
    format!("{what} has 1 to {MAX_WORD} lower case letters, digits, `_`, `.` and `-`")
}
