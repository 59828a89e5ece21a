//! Values of MariaDB reach the record exactly.

use crate::legacy::{Legacy, fetch, record};
use crate::servers;

#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn values_are_exact() {
    let legacy = Legacy::new(
        servers::mariadb(),
        "CREATE TABLE u (login varchar(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, tiny tinyint, flag tinyint(1), small smallint unsigned,
           med mediumint, i int unsigned zerofill, big bigint, ubig bigint unsigned, exact decimal(40,10), z decimal(6,2) zerofill, f float, d double,
           nothing text, latin varchar(20) CHARACTER SET latin1, c char(5), day date, at datetime(6), plain datetime, stamp timestamp(3) NULL, clock time(2), y year,
           raw varbinary(200), blob_ blob, bits bit(12), one bit(1), state enum('active','locked'), tags set('a','b','c'), doc json, id uuid) CHARACTER SET utf8mb4;
         SET time_zone = '+02:00';
         SET sql_mode = '';
         INSERT INTO u VALUES ('ada', -128, 7, 65535, -8388608, 42, -9223372036854775808, 18446744073709551615, 123456789012345678901234567890.0123456789, 1.5, 0.1, 1e300,
           NULL, 'Zoë', 'ab', '2024-02-29', '2024-01-02 03:04:05.123456', '0000-00-00', '2024-01-02 03:04:05.5', '-838:59:58.5', 2024,
           x'00ff41', 'text in a blob', b'101010101010', b'1', 'locked', 'a,c', '{\"b\": 1.50}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
         INSERT INTO u (login, at, day) VALUES ('bob', '0000-00-00', '2024-02-31')",
    );
    let source = legacy.source("SELECT * FROM u WHERE login = :identifier -- the end");
    let (_, text) = record(&source, "Ada").await;
    for exact in [
        r#""tiny":-128,"flag":7,"small":65535,"med":-8388608,"i":42"#,
        r#""big":-9223372036854775808,"ubig":18446744073709551615"#,
        r#""exact":123456789012345678901234567890.0123456789,"z":1.50,"f":0.1,"d":1e+300"#,
        r#""nothing":null,"latin":"Zoë","c":"ab""#,
        r#""day":"2024-02-29","at":"2024-01-02T03:04:05.123456","plain":"0000-00-00""#,
        r#""stamp":"2024-01-02T01:04:05.500000+00:00","clock":"-838:59:58.500000","y":2024"#,
        r#""raw":"AP9B","blob_":"dGV4dCBpbiBhIGJsb2I=","bits":2730,"one":1"#,
        r#""state":"locked","tags":"a,c","doc":"{\"b\": 1.50}","id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#,
    ] {
        assert!(text.contains(exact), "{exact}\n{text}");
    }
    let (bob, _) = record(&source, "bob").await;
    assert_eq!((bob["at"].as_str(), bob["day"].as_str()), (Some("0000-00-00"), Some("0000-00-00")));
    assert_eq!(fetch(&source, "adá").await.unwrap(), None);
}
