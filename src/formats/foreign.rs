//! Files that are no records, such as SQL dumps and spreadsheets: what they are, and how to export records instead.

use super::Compression;

/// How much of a file is looked at.
const HEAD_BYTES: usize = 16 * 1024;

/// A kind of file that cannot be read as records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, with its article.
    pub what: &'static str,
    /// How to export records instead, with a command.
    pub help: &'static str,
    /// Whether its first bytes can be nothing else, so that a format that was given must be wrong.
    pub is_certain: bool,
}

/// The kind of file that begins with these bytes, if it is no text of records.
#[must_use]
pub fn foreign(head: &[u8]) -> Option<Foreign> {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    binary(head).map(|(what, help)| Foreign { what, help, is_certain: true }).or_else(|| {
        let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
        let (what, help) = text_file(&text)?;
        Some(Foreign { what, help, is_certain: false })
    })
}

/// The kind of file that a source cannot read single records of: compressed, or no text of records.
#[must_use]
pub fn unusable(head: &[u8]) -> Option<Foreign> {
    let unpack = |what, help| Some(Foreign { what, help, is_certain: true });
    match Compression::of(head) {
        Some(Compression::Gzip) => unpack("compressed with gzip", "unpack it: `gunzip users.ndjson.gz`"),
        Some(Compression::Zstd) => unpack("compressed with zstd", "unpack it: `unzstd users.ndjson.zst`"),
        None => foreign(head),
    }
}

const SPREADSHEET: &str = "save it as CSV, such as with `soffice --headless --convert-to 'csv:Text - txt - csv \
    (StarCalc):44,34,76' users.xlsx`";
const MYSQL: &str = "export one JSON object per row from the database: `mysql -N -r -e \"SELECT JSON_OBJECT('id', id, \
    'email', email) FROM users\" DATABASE > users.ndjson`";
const POSTGRES: &str = "export one JSON object per row from the database: `psql -d DATABASE -Atc \"SELECT row_to_json(u) FROM \
    users u\" > users.ndjson`";
const POSTGRES_ARCHIVE: &str = "load it into a database with `pg_restore`, then export one JSON object per row: `psql -d \
    DATABASE -Atc \"SELECT row_to_json(u) FROM users u\" > users.ndjson`";
const SQLITE: &str = "export the table: `sqlite3 -json shop.db \"SELECT * FROM users\" > users.json`";
const SQL_SERVER: &str = "export one JSON object per row from the database: `sqlcmd -d DATABASE -y 0 -Q \"SET NOCOUNT ON; SELECT \
    (SELECT u.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) FROM users u\" -o users.ndjson`";
const SQL: &str = "export the rows of the table as JSON or CSV; in PostgreSQL: `psql -d DATABASE -Atc \"SELECT row_to_json(u) \
    FROM users u\" > users.ndjson`; in MySQL: `mysql -N -r -e \"SELECT JSON_OBJECT('id', id) FROM users\" DATABASE > users.ndjson`";
const MONGO: &str = "export the collection as JSON: `mongoexport --db DATABASE --collection users --out users.ndjson`";

fn binary(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    Some(match head {
        [b'P', b'K', 3, 4, ..]
            if has(b"xl/") || has(b"[Content_Types].xml") || has(b"opendocument.spreadsheet") || has(b"_rels/") =>
        {
            ("an Excel or OpenDocument file", SPREADSHEET)
        }
        [b'P', b'K', 3 | 5, 4 | 6, ..] => ("a ZIP archive", "unpack it first: `unzip export.zip`"),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ("an old Excel file", SPREADSHEET),
        [b'P', b'A', b'R', b'1', ..] => (
            "a Parquet file",
            "convert it: `duckdb -c \"COPY (SELECT * FROM 'users.parquet') TO 'users.ndjson' (FORMAT json)\"`",
        ),
        [b'O', b'b', b'j', 1, ..] => ("an Avro file", "convert it: `avro-tools tojson users.avro > users.ndjson`"),
        [b'O', b'R', b'C', ..] if head.get(3).is_some_and(|byte| *byte < 32) => {
            ("an ORC file", "convert it to JSON, such as with `orc-contents users.orc > users.ndjson`")
        }
        _ if head.starts_with(b"SQLite format 3\0") => ("an SQLite database", SQLITE),
        _ if head.starts_with(b"PGDMP") => ("an archive of `pg_dump`", POSTGRES_ARCHIVE),
        [0x6D, 0xE2, 0x99, 0x81, ..] => ("an archive of `mongodump`", MONGO),
        _ if is_bson(head) => ("a BSON file of `mongodump`", MONGO),
        _ if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") => {
            ("compressed with bzip2", "unpack it: `bzip2 -dc users.bz2 | landfall … --in -`")
        }
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => {
            ("compressed with xz", "unpack it: `xz -dc users.xz | landfall … --in -`")
        }
        [0x04, 0x22, 0x4D, 0x18, ..] => ("compressed with lz4", "unpack it: `lz4 -dc users.lz4 | landfall … --in -`"),
        [b'7', b'z', 0xBC, 0xAF, ..] => ("a 7-Zip archive", "unpack it first: `7z x export.7z`"),
        [0x1F, 0x8B, ..] => ("compressed with gzip twice", "unpack it once: `gunzip -c users.gz | landfall … --in -`"),
        // names of files end with a zero byte, which no text has
        _ if head.get(257..262) == Some(b"ustar") && head.iter().take(100).any(|byte| *byte == 0) => {
            ("a tar archive", "unpack it: `tar -xOf export.tar users.ndjson | landfall … --in -`")
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            ("UTF-16 text", "save it as UTF-8: `iconv -f UTF-16 -t UTF-8 users.csv > users-utf8.csv`")
        }
        _ => return None,
    })
}

/// A document of BSON begins with its length, and one of MongoDB with the member `_id`.
fn is_bson(head: &[u8]) -> bool {
    let length = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (5..=16 * 1024 * 1024).contains(&length) && head.get(5..9) == Some(b"_id\0") && head.get(4).is_some_and(|b| *b < 32)
}

fn text_file(text: &str) -> Option<(&'static str, &'static str)> {
    if let Some(rest) = text.trim_start().strip_prefix('<') {
        let name = rest.get(..12).unwrap_or(rest).to_ascii_lowercase();
        let is_page = name.starts_with("!doctype htm") || name.starts_with("html");
        return Some(if is_page {
            ("an HTML page", "download the export again; does it need a sign-in?")
        } else {
            let help = "convert it to JSON: `yq -p xml -o json users.xml > users.json`, and name the list of records with \
                        `--records`";
            ("an XML file", help)
        });
    }
    sql(text)
}

/// SQL begins with comments or statements, which no format of records does.
fn sql(text: &str) -> Option<(&'static str, &'static str)> {
    let mut comments = String::new();
    let statement = text.lines().map(str::trim).find(|line| {
        let is_comment = line.is_empty() || line.starts_with("--") || line.starts_with("/*") || line.starts_with('#');
        if is_comment {
            comments.push_str(line);
        }
        !is_comment
    });
    let comments = comments.to_ascii_lowercase();
    for (mark, what, help) in [
        ("mysql dump", "an SQL dump of MySQL", MYSQL),
        ("mariadb dump", "an SQL dump of MariaDB", MYSQL),
        ("mariadb-dump", "an SQL dump of MariaDB", MYSQL),
        ("postgresql database", "an SQL dump of PostgreSQL", POSTGRES),
        ("phpmyadmin sql dump", "an SQL dump of phpMyAdmin", "export the table again, with the format JSON"),
    ] {
        if comments.contains(mark) {
            return Some((what, help));
        }
    }
    let words: Vec<String> = statement?.split_whitespace().take(3).map(str::to_ascii_uppercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["PRAGMA", "FOREIGN_KEYS=OFF;", ..] | ["BEGIN", "TRANSACTION;", ..] => Some(("an SQL dump of SQLite", SQLITE)),
        ["USE", name, ..] if name.starts_with('[') => Some(("an SQL script of SQL Server", SQL_SERVER)),
        ["SET", "ANSI_NULLS" | "IDENTITY_INSERT", ..] => Some(("an SQL script of SQL Server", SQL_SERVER)),
        ["INSERT", "INTO", ..]
        | ["CREATE", "TABLE" | "DATABASE" | "SCHEMA" | "TEMPORARY" | "TYPE", ..]
        | ["DROP", "TABLE" | "DATABASE" | "SCHEMA", ..]
        | ["ALTER" | "LOCK", "TABLE" | "TABLES", ..]
        | ["BEGIN;" | "COMMIT;", ..]
        | ["COPY", _, ..]
            if statement
                .is_some_and(|line| !line.contains(',') || line.ends_with([';', '(', ',']) || line.contains('(')) =>
        {
            Some(("an SQL dump", SQL))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> Option<&'static str> {
        foreign(head).map(|found| found.what)
    }

    #[test]
    fn other_files_are_recognised_by_their_content() {
        let tar = [&b"users.ndjson\0"[..], &[b'0'; 244][..], b"ustar\0"].concat();
        for (head, wanted) in [
            (&b"-- MySQL dump 10.13  Distrib 8.0.36\n--\nDROP TABLE IF EXISTS `users`;\n"[..], "an SQL dump of MySQL"),
            (b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", "an SQL dump of MariaDB"),
            (b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "an SQL dump of PostgreSQL"),
            (b"-- phpMyAdmin SQL Dump\n-- version 5\n", "an SQL dump of phpMyAdmin"),
            (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "an SQL dump of SQLite"),
            (b"USE [shop]\nGO\n", "an SQL script of SQL Server"),
            (b"INSERT INTO users VALUES (1,'a');\n", "an SQL dump"),
            (b"create table users (\n  id int\n", "an SQL dump"),
            (b"COPY public.users (id, mail) FROM stdin;\n1\ta@b.c\n", "an SQL dump"),
            (b"PGDMP\x01\x0e", "an archive of `pg_dump`"),
            (b"SQLite format 3\0\x10", "an SQLite database"),
            (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "an Excel or OpenDocument file"),
            (b"PK\x03\x04\x14\0\x06\0users.csv", "a ZIP archive"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1", "an old Excel file"),
            (b"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<users/>", "an XML file"),
            (b"<!DOCTYPE html><title>Sign in</title>", "an HTML page"),
            (b"PAR1\x15\x04", "a Parquet file"),
            (b"Obj\x01\x04\x16avro.schema", "an Avro file"),
            (b"\x6D\xE2\x99\x81", "an archive of `mongodump`"),
            (b"\x26\0\0\0\x07_id\0abc", "a BSON file of `mongodump`"),
            (b"BZh91AY&SY\0", "compressed with bzip2"),
            (b"\xFD7zXZ\0\0", "compressed with xz"),
            (b"\x1F\x8B\x08", "compressed with gzip twice"),
            (b"\xFF\xFEi\0d\0", "UTF-16 text"),
            (&tar, "a tar archive"),
        ] {
            assert_eq!(what(head), Some(wanted), "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn records_are_not_taken_for_something_else() {
        for text in [
            "",
            "{\"a\":1}",
            "[{\"a\":1}]",
            "id,mail\n1,a@b.c\n",
            "copy,set,use\n1,2,3\n",
            "set name;insert into;x\n",
            "insert into,b\n",
            "# a comment\n- a: 1\n",
            "---\na: 1\n",
            "-- \n- a: 1\n",
            "dn: cn=a\ncn: a\n",
            "version: 1\n",
            "PK,id\n1,2\n",
            "Obj,id\n",
            "ORC,id\n",
            "BZh,id\n",
        ] {
            assert_eq!(what(text.as_bytes()), None, "{text}");
        }
        let line = format!("{{\"a\":\"{}ustar\"}}\n", "a".repeat(251));
        assert_eq!((line.find("ustar"), what(line.as_bytes())), (Some(257), None));
    }
}
