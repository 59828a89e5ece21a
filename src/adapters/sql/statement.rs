//! Statements that change one row of a legacy database: an UPDATE or a DELETE whose condition names the customer.

use super::dialect::Dialect;
use super::loose::words;
use super::template::{Template, TemplateError, quoted};
use crate::ports::MigratedCustomer;

/// A checked statement, which changes at most one row or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters) struct Statement(pub Template);

impl Statement {
    /// Parses a statement.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(text: &str, dialect: &Dialect) -> Result<Self, TemplateError> {
        let template = Template::parse_any(text, dialect).map_err(|error| match error {
            TemplateError::Constant => TemplateError::Unnamed,
            error => error,
        })?;
        let words = words(&template.sql, dialect);
        let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
        let first = words.first().copied().unwrap_or_default();
        if !is(first, &["update", "delete"]) {
            return Err(TemplateError::NotAChange(first.to_owned()));
        }
        if words.get(1).is_some_and(|second| is(second, &["or"])) {
            return Err(TemplateError::NotInChange("OR".to_owned()));
        }
        if template.sql.contains("/*!") || template.sql.contains("/*M!") {
            return Err(TemplateError::NotInChange("/*!".to_owned()));
        }
        if let Some(word) = words.iter().find(|word| is(word, &["limit", "outfile", "dumpfile"])) {
            return Err(TemplateError::NotInChange((*word).to_owned()));
        }
        if !has_condition(&template.sql, dialect) {
            return Err(TemplateError::NoCondition);
        }
        let names_customer = |(name, before, _): (&str, &str, &str)| {
            MigratedCustomer::is_named_by(name) && has_condition(before, dialect)
        };
        if !template.uses().any(names_customer) {
            return Err(TemplateError::ConstantCondition);
        }
        Ok(Self(template))
    }
}

/// Whether a text has a WHERE of its own, and not only one of a query within parentheses.
fn has_condition(text: &str, dialect: &Dialect) -> bool {
    let (mut depth, mut rest) = (0_usize, text);
    while let Some(first) = rest.chars().next() {
        let length = match quoted(rest, dialect) {
            Ok(Some((length, _))) => length,
            Ok(None) => {
                let word = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                match first {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ if depth == 0 && rest.get(..word).is_some_and(|word| word.eq_ignore_ascii_case("where")) => {
                        return true;
                    }
                    _ => {}
                }
                word
            }
            // a text before a parameter ends where the parameter begins, and never within a quote
            Err(_) => return false,
        };
        rest = rest.get(length.max(first.len_utf8())..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqlite;

    fn parsed(text: &str) -> Result<Vec<String>, TemplateError> {
        Statement::parse(text, &sqlite::DIALECT).map(|statement| statement.0.names)
    }

    #[test]
    fn a_change_names_the_customer_in_its_condition() {
        for (text, names) in [
            ("UPDATE users SET active = 0 WHERE id = :id", &["id"][..]),
            ("update users set note = 'where', at = :migrated_at where (id = :id);", &["migrated_at", "id"]),
            ("DELETE FROM users WHERE id IN (SELECT user FROM logins WHERE mail = :email)", &["email"]),
            ("-- disables\nUPDATE users SET active = 0 WHERE id = :id", &["id"]),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()[..]));
        }
        for (text, error) in [
            ("UPDATE users SET active = 0", TemplateError::Unnamed),
            ("UPDATE users SET active = :id", TemplateError::NoCondition),
            ("DELETE FROM users -- WHERE id = :id", TemplateError::Unnamed),
            ("UPDATE users SET n = (SELECT 1 FROM t WHERE a = :id)", TemplateError::NoCondition),
            ("UPDATE users SET n = :id WHERE active = 1", TemplateError::ConstantCondition),
            ("UPDATE users SET active = 0 WHERE id = ':id'", TemplateError::Unnamed),
            ("DELETE FROM users WHERE a = :id LIMIT 1", TemplateError::NotInChange("LIMIT".into())),
            ("SELECT mark(:id) WHERE 1", TemplateError::NotAChange("SELECT".into())),
            ("INSERT INTO gone (id) VALUES (:id)", TemplateError::NotAChange("INSERT".into())),
            ("CALL mark(:id)", TemplateError::NotAChange("CALL".into())),
            ("UPDATE OR REPLACE users SET n = 1 WHERE id = :id", TemplateError::NotInChange("OR".into())),
            ("DELETE FROM users WHERE id = :id /*! OR 1=1 */", TemplateError::NotInChange("/*!".into())),
            ("DELETE FROM users WHERE at < :migrated_at", TemplateError::ConstantCondition),
            ("DROP TABLE users -- :id\n WHERE :id", TemplateError::NotAChange("DROP".into())),
            ("DELETE FROM users WHERE id = :id; DELETE FROM logins", TemplateError::Several),
        ] {
            assert_eq!(parsed(text), Err(error), "{text}");
        }
    }
}
