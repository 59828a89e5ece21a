//! The examples of the library, run to their end: what they write is what their pages promise.

fn text(written: Vec<u8>) -> String {
    String::from_utf8(written).expect("text")
}

#[tokio::test]
async fn the_engine_and_the_login_work_in_a_program() {
    let mut written = Vec::new();
    crate::embed::run(&mut written).await.expect("an end");
    let expected = r#"mapped without a login: {"external_id":"1","username":"ida.brandt","email":{"value":"ida.brandt@example.com"}}
wrong password: refused
first login: migrated
second login: authenticated
"#;
    assert_eq!(text(written), expected);
}

#[tokio::test]
async fn a_source_of_ones_own_fails_as_an_outage_and_not_as_a_wrong_password() {
    let mut written = Vec::new();
    crate::custom_source::run(&mut written).await.expect("an end");
    let expected = "\
unknown customer: 401 refused
wrong password: 401 refused
two records: 401 invalid_record
closed connection, retried: 200 migrated
no answer: 503 legacy_unavailable
connections refused: 503 legacy_unavailable
answers 500: 503 legacy_unavailable
breaker: open
breaker open, new customer: 503 legacy_unavailable
breaker open, migrated customer: 200 authenticated
requests meanwhile: 0
API works again: 200 migrated
breaker: closed
";
    assert_eq!(text(written), expected);
}
