//! `examples/csv-export`: its page works as it is written, its customers have the documented outcomes, and the records of its
//! rule tests are rows of its export.

use std::fs;

use crate::reader::{Example, Reader, landfall};
use crate::running::Running;
use serde_json::{Value, json};

const EXAMPLE: Example = Example("csv-export");

#[test]
#[ignore = "needs curl and openssl; run tests/run"]
fn the_page_works_as_it_is_written() {
    Reader::new(&EXAMPLE).follow_page(&EXAMPLE.readme());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_customer_has_the_documented_outcome() {
    let folder = EXAMPLE.copy_with_key();
    let service = Running::start(folder.path(), &[("PORT", "0")]);
    let customers = EXAMPLE.sign_in_all(&service.base, folder.path(), &[]).await;
    assert!(customers.len() >= 12, "{} customers", customers.len());
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn the_rules_are_clean_and_tested_with_rows_of_the_export() {
    let folder = EXAMPLE.copy();
    landfall(folder.path(), &[], &["check", "rules.yaml"]);
    landfall(folder.path(), &[], &["fmt", "--check", "."]);
    landfall(folder.path(), &[], &["test", "."]);
    let export = fs::File::open(folder.path().join("customers.csv")).expect("the export");
    let rows: Vec<Value> = csv::Reader::from_reader(export)
        .deserialize()
        .map(|row: Result<std::collections::BTreeMap<String, String>, _>| json!(row.expect("a row")))
        .collect();
    let records =
        fs::read_dir(folder.path().join("records")).expect("records").map(|entry| entry.expect("a file").path());
    for record in records {
        let text = fs::read_to_string(&record).expect("a record");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(rows.contains(&value), "{} is no row of customers.csv", record.display());
    }
}
