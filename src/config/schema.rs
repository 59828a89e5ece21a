//! The JSON Schema (draft 07) of `landfall.yaml`, generated from the structs that are read: `landfall schema settings`, the
//! masks of secrets and the reference come from it.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use super::reader::KIND;
use super::settings::Settings;

/// The schema.
static DOCUMENT: LazyLock<Json> = LazyLock::new(|| {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut document = settings.into_generator().into_root_schema_for::<Settings>().to_value();
    finish(&mut document, None);
    if let Some(members) = document.as_object_mut() {
        members.insert("title".to_owned(), "Landfall settings".into());
    }
    document
});

/// The JSON Schema of settings files, for editors.
#[must_use]
pub fn json_schema() -> &'static Json {
    &DOCUMENT
}

/// Turns what serde reads into what people write: a variable may stand for any scalar, text may be written without quotes,
/// and `kind` may be left out where one word says it. `default` is the default that an enclosing section gives.
fn finish(schema: &mut Json, default: Option<&Json>) {
    let Some(members) = schema.as_object_mut() else { return };
    without_null(members);
    if let Some(Json::String(about)) = members.get_mut("description") {
        *about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let default = members.remove("default").or_else(|| default.cloned()).unwrap_or_default();
    if let Some(Json::Object(properties)) = members.get_mut("properties") {
        properties.iter_mut().for_each(|(key, below)| finish(below, default.get(key)));
    }
    for below in ["items", "additionalProperties"] {
        members.get_mut(below).into_iter().for_each(|below| finish(below, None));
    }
    // a kind without settings of its own is written as one word
    let word = default.as_object().filter(|members| members.len() == 1).and_then(|members| members.get(KIND));
    let default = word.unwrap_or(&default);
    if is_scalar(default) {
        members.insert("default".to_owned(), default.clone());
    }
    match members.remove("oneOf") {
        Some(Json::Array(ways)) => choice(members, ways),
        _ => scalar(members),
    }
}

fn is_scalar(value: &Json) -> bool {
    !matches!(value, Json::Null | Json::Array(_) | Json::Object(_))
}

/// Takes out the null of an optional value: a key is left out, and not written as nothing.
fn without_null(members: &mut Map<String, Json>) {
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            members.insert("type".to_owned(), one);
        }
    }
    if let Some(Json::Array(mut ways)) = members.remove("anyOf") {
        ways.retain(|way| way.get("type").is_none_or(|name| name != "null"));
        for way in ways {
            let Json::Object(way) = way else { continue };
            for (key, value) in way {
                members.entry(key).or_insert(value);
            }
        }
    }
}

/// The alternatives of an enum: words, or maps that `kind` tells apart.
fn choice(members: &mut Map<String, Json>, mut ways: Vec<Json>) {
    let mut words: Vec<Json> = ways.iter().filter_map(|way| way.get("const").cloned()).collect();
    words.extend(ways.iter().filter_map(|way| way.get("enum")?.as_array()).flatten().cloned());
    if !words.is_empty() {
        members.remove("type");
        members.insert("anyOf".to_owned(), json!([{ "enum": words }, placeholder()]));
        return;
    }
    for way in &mut ways {
        finish(way, None);
        let properties = way.get("properties").and_then(Json::as_object);
        let kind = properties.and_then(|properties| properties.get(KIND)?.get("const").cloned()).unwrap_or_default();
        if properties.is_some_and(|properties| properties.len() == 1) {
            words.push(kind.clone());
        }
        let about = way.get("description").cloned().unwrap_or_default();
        if let Some(written) = way.pointer_mut("/properties/kind") {
            *written = json!({ "const": kind, "description": about });
        }
    }
    if !words.is_empty() {
        ways.insert(0, json!({ "enum": words }));
    }
    members.insert("anyOf".to_owned(), ways.into());
}

fn scalar(members: &mut Map<String, Json>) {
    let name = members.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    match name.as_str() {
        "integer" | "boolean" => {
            members.retain(|key, _| !matches!(key.as_str(), "type" | "format" | "minimum" | "maximum"));
            let written =
                if name == "integer" { json!({ "type": name, "minimum": 0 }) } else { json!({ "type": name }) };
            members.insert("anyOf".to_owned(), json!([written, placeholder()]));
        }
        "string" if members.contains_key("enum") => {
            members.remove("type");
            let words = members.remove("enum").unwrap_or_default();
            members.insert("anyOf".to_owned(), json!([{ "enum": words }, placeholder()]));
        }
        "string" if !["pattern", "writeOnly", "const"].iter().any(|key| members.contains_key(*key)) => {
            members.insert("type".to_owned(), json!(["string", "number", "boolean"]));
        }
        _ => {}
    }
}

/// A variable, which stands for any scalar.
fn placeholder() -> Json {
    json!({ "type": "string", "pattern": r"\$\{" })
}

#[cfg(test)]
mod tests;
