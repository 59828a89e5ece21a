//! The Vector Remap Language, once as its manual has it and once tuned.

use vrl::compiler::runtime::Runtime;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Function, Program, TargetValueRef, TimeZone, compile};
use vrl::diagnostic::Formatter;
use vrl::stdlib;
use vrl::value::{KeyString, ObjectMap, Secrets, Value};

use super::{Engine, names};

/// A compiled program and its runtime.
pub struct Vrl {
    name: &'static str,
    program: Program,
    event: fn(&str) -> Value,
    runtime: Runtime,
    metadata: Value,
    secrets: Secrets,
    timezone: TimeZone,
}

impl Vrl {
    /// The program reads JSON from `.message`, as a source of Vector would hand it over.
    pub fn idiomatic() -> Self {
        Self::new(names::VRL, include_str!("../../programs/shop.vrl"), |record| {
            Value::Object(ObjectMap::from([(KeyString::from("message"), Value::from(record))]))
        })
    }

    /// The host parses the record.
    pub fn tuned() -> Self {
        Self::new(names::VRL_TUNED, include_str!("../../programs/shop-tuned.vrl"), |record| {
            serde_json::from_str(record).expect("the record is JSON")
        })
    }

    fn new(name: &'static str, source: &str, event: fn(&str) -> Value) -> Self {
        let program = match compile(source, &functions()) {
            Ok(compiled) => compiled.program,
            Err(errors) => panic!("{name}: {}", Formatter::new(source, errors)),
        };
        Self {
            name,
            program,
            event,
            runtime: Runtime::new(RuntimeState::default()),
            metadata: Value::Object(ObjectMap::new()),
            secrets: Secrets::default(),
            timezone: TimeZone::parse("UTC").expect("a time zone"),
        }
    }
}

/// The functions that the programs use.
fn functions() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(stdlib::Array),
        Box::new(stdlib::Compact),
        Box::new(stdlib::Downcase),
        Box::new(stdlib::FormatTimestamp),
        Box::new(stdlib::FromUnixTimestamp),
        Box::new(stdlib::Get),
        Box::new(stdlib::IsNullish),
        Box::new(stdlib::Join),
        Box::new(stdlib::Length),
        Box::new(stdlib::MapValues),
        Box::new(stdlib::Match),
        Box::new(stdlib::ParseJson),
        Box::new(stdlib::ParseRegex),
        Box::new(stdlib::ParseTimestamp),
        Box::new(stdlib::Replace),
        Box::new(stdlib::Slice),
        Box::new(stdlib::Split),
        Box::new(stdlib::String),
        Box::new(stdlib::StripWhitespace),
        Box::new(stdlib::ToBool),
        Box::new(stdlib::ToInt),
        Box::new(stdlib::ToString),
        Box::new(stdlib::Unique),
    ]
}

impl Engine for Vrl {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let mut event = (self.event)(record);
        let mut target = TargetValueRef { value: &mut event, metadata: &mut self.metadata, secrets: &mut self.secrets };
        self.runtime.clear();
        if let Err(end) = self.runtime.resolve(&mut target, &self.program, &self.timezone) {
            panic!("{}: {end}", self.name);
        }
        serde_json::to_writer(out, &event).expect("the account is JSON");
    }
}
