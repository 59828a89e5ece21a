//! The engines. Each has its own file, and its program, where it has one, in `programs/`.

mod dom;
mod handwritten;
mod jaq;
mod json_path;
mod landfall;
mod rhai;
mod value;
mod vrl;

/// Something that makes accounts of records.
pub trait Engine {
    /// What it is called in the table.
    fn name(&self) -> &'static str;

    /// Parses one record, makes the account, and appends it as JSON.
    ///
    /// # Panics
    /// When the record makes no account: all records of the benchmark do.
    fn transform(&mut self, record: &str, out: &mut Vec<u8>);
}

/// What the engines are called that others are compared with.
pub mod names {
    pub const LANDFALL: &str = "landfall";
    pub const LANDFALL_SCRIPTS: &str = "landfall, two claims by scripts";
    pub const HANDWRITTEN: &str = "Rust by hand, borrowed structs, serde_json";
    pub const VALUE: &str = "Rust by hand, `serde_json::Value` and regex";
    pub const VRL: &str = "VRL, idiomatic";
    pub const VRL_TUNED: &str = "VRL, tuned";
    pub const JAQ: &str = "jaq";
    pub const RHAI: &str = "Rhai";
    pub const JSONPATH_QUERY: &str = "jsonpath-rust, `query(…)` per field, and Rust";
    pub const JSONPATH_PARSED: &str = "jsonpath-rust, parsed before, and Rust";
}

/// All engines, ready to run. The others are held to the accounts of the first.
pub fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(landfall::Landfall::plain()),
        Box::new(landfall::Landfall::with_scripts()),
        Box::new(handwritten::Handwritten),
        Box::new(value::OverValue::default()),
        Box::new(vrl::Vrl::idiomatic()),
        Box::new(vrl::Vrl::tuned()),
        Box::new(jaq::Jaq::new()),
        Box::new(rhai::Rhai::new()),
        Box::new(json_path::Querying::default()),
        Box::new(json_path::Parsed::new()),
    ]
}
