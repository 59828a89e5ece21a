//! Which columns a query compares with an identifier.

use std::sync::LazyLock;

use regex::Regex;

use super::template::Template;

/// A column before a placeholder: `a = ?`, `lower(t.a) = ?`, `a IN (?`. The first group is `BINARY`, which compares exactly.
static BEFORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(binary[\s(]+)?([\w`"$.]+)\s*\)*\s*(?:=|<=>|\bin\s*\()\s*(binary[\s(]+)?(?:\w+\(\s*)*$"#).ok()
});

/// The columns that are compared with `:identifier` or `:typed` in a query, in the collation of the column: not those with
/// `BINARY` or a `COLLATE` of their own. A comparison in another form is not recognised.
pub(in crate::adapters) fn compared(template: &Template) -> Vec<String> {
    let Some(before) = &*BEFORE else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for (name, left, right) in template.uses() {
        let is_collated =
            right.trim_start_matches([')', ' ', '\n']).get(..7).is_some_and(|w| w.eq_ignore_ascii_case("collate"));
        if !matches!(name, "identifier" | "typed") || is_collated {
            continue;
        }
        let Some(groups) = before.captures(left) else { continue };
        if groups.get(1).is_some() || groups.get(3).is_some() {
            continue;
        }
        let column = groups.get(2).map(|column| column.as_str()).unwrap_or_default();
        let column = column.rsplit('.').next().unwrap_or_default().trim_matches(['`', '"']).to_owned();
        if !found.contains(&column) {
            found.push(column);
        }
    }
    found
}

/// A comparison by bytes anywhere in a query: then a looser one beside it selects by an index and decides nothing.
static EXACT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\b(?:binary|\w+_bin)\b").ok());

/// Whether a query compares by bytes, too. It is taken to do so for every column.
pub(in crate::adapters) fn has_exact_condition(template: &Template) -> bool {
    EXACT.as_ref().is_some_and(|exact| exact.is_match(&template.sql))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqlite;

    #[test]
    fn compared_columns_are_found() {
        for (query, columns) in [
            ("SELECT * FROM u WHERE a = :identifier", &["a"][..]),
            ("SELECT * FROM u WHERE u.a = :identifier OR lower(`b`) = lower(:typed)", &["a", "b"]),
            ("SELECT * FROM u WHERE a IN (:identifier)", &["a"]),
            ("SELECT * FROM u WHERE BINARY a = :identifier OR b = BINARY :identifier", &[]),
            ("SELECT * FROM u WHERE a = :identifier COLLATE utf8mb4_bin", &[]),
        ] {
            let template = Template::parse(query, &sqlite::DIALECT).unwrap();
            assert_eq!(compared(&template), columns, "{query}");
        }
    }
}
