//! jq, by jaq.

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::write::Pp;
use jaq_json::{Val, read, write};

use super::{Engine, names};

/// A compiled filter, its tables, and the plain style of writing.
pub struct Jaq {
    filter: Filter<JustLut<Val>>,
    tables: Val,
    style: Pp,
}

impl Jaq {
    /// Compiles the filter.
    pub fn new() -> Self {
        let program = File { code: include_str!("../../programs/shop.jq"), path: () };
        let arena = Arena::default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let modules = match Loader::new(definitions).load(&arena, program) {
            Ok(modules) => modules,
            Err(errors) => panic!("jaq: {errors:?}"),
        };
        let compiler = Compiler::default().with_funs(functions).with_global_vars(["$tables"]);
        let filter = match compiler.compile(modules) {
            Ok(filter) => filter,
            Err(errors) => panic!("jaq: {errors:?}"),
        };
        let tables = read::parse_single(include_bytes!("../../programs/tables.json")).expect("the tables are JSON");
        Self { filter, tables, style: Pp::default() }
    }
}

impl Engine for Jaq {
    fn name(&self) -> &'static str {
        names::JAQ
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        let input = read::parse_single(record.as_bytes()).expect("the record is JSON");
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([self.tables.clone()]));
        for account in self.filter.id.run((context, input)).map(unwrap_valr) {
            match account {
                Ok(account) => write::write(out, &self.style, 0, &account).expect("a vector takes everything"),
                Err(error) => panic!("jaq: {error}"),
            }
        }
    }
}
