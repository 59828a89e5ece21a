//! Values of PostgreSQL reach the record exactly.

use crate::legacy::{Legacy, fetch, record};
use crate::servers;

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn values_are_exact() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE TYPE state AS ENUM ('active', 'locked');
         CREATE TYPE place AS (street text, number int);
         CREATE DOMAIN mail AS text CHECK (value LIKE '%@%');
         CREATE TABLE u (login text PRIMARY KEY, small smallint, big bigint, exact numeric(40,10), free numeric, r real, d double precision,
           yes boolean, no boolean, nothing text, c char(5), v varchar(10), day date, at timestamp, zoned timestamptz, clock time, span interval,
           raw bytea, bits bit(4), vbits bit varying(8), id uuid, state state, place place, mail mail, net inet, doc json, docb jsonb,
           tags text[], numbers numeric[], grid int[][], money_ numeric(10,2), rng int4range, name \"char\", \"Mixed Case\" text);
         INSERT INTO u VALUES ('ada', -32768, 9223372036854775807, 123456789012345678901234567890.0123456789, 1.10, 0.1, 1e300,
           true, false, NULL, 'ab', 'Zoë \"q\" \\', '2024-02-29', '2024-01-02 03:04:05.123456', '2024-01-02 03:04:05+02', '23:59:59.5', '1 day 02:00',
           '\\x00ff' || decode(repeat('ab', 100), 'hex'), b'1010', b'101', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'locked', ROW('Main St', 5), 'a@b.example', '10.0.0.1',
           '{\"b\": 1.50, \"a\": [1, null]}', '{\"b\": 1.50, \"a\": 12345678901234567890.5}',
           ARRAY['x', NULL, 'y,z'], ARRAY[1.10, 12345678901234567890], ARRAY[[1,2],[3,4]], 10.00, '[1,5)', 'x', 'kept')",
    );
    let source = legacy.source("SELECT * FROM u WHERE login = :identifier -- the end");
    let (value, text) = record(&source, "Ada").await;
    for exact in [
        r#""small":-32768"#,
        r#""big":9223372036854775807"#,
        r#""exact":123456789012345678901234567890.0123456789"#,
        r#""free":1.10"#,
        r#""r":0.1"#,
        r#""d":1e+300"#,
        r#""yes":true,"no":false,"nothing":null"#,
        r#""c":"ab   ""#,
        r#""day":"2024-02-29","at":"2024-01-02T03:04:05.123456","zoned":"2024-01-02T01:04:05+00:00""#,
        r#""clock":"23:59:59.5","span":"P1DT2H""#,
        r#""bits":"1010","vbits":"101","id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","state":"locked""#,
        r#""place":{"street":"Main St","number":5},"mail":"a@b.example","net":"10.0.0.1""#,
        r#""doc":{"b": 1.50, "a": [1, null]}"#,
        r#""docb":{"a": 12345678901234567890.5, "b": 1.50}"#,
        r#""tags":["x",null,"y,z"],"numbers":[1.10,12345678901234567890],"grid":[[1,2],[3,4]]"#,
        r#""money_":10.00,"rng":"[1,5)","name":"x","Mixed Case":"kept""#,
    ] {
        assert!(text.contains(exact), "{exact}\n{text}");
    }
    assert_eq!(value["v"], "Zoë \"q\" \\");
    use base64::Engine as _;
    let raw = base64::engine::general_purpose::STANDARD.decode(value["raw"].as_str().unwrap()).unwrap();
    assert_eq!((raw.len(), raw[1], raw[101]), (102, 0xff, 0xab));
    assert_eq!(fetch(&source, "bob").await.unwrap(), None);
}
