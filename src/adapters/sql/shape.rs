//! Converts the rows of a list to a member of a record.

use super::cell::{Cell, Cells, write_members, write_text};
use super::settings::{ListSettings, ListShape};

/// Appends the rows of a list as JSON.
///
/// # Errors
/// One sentence, if the rows do not have the columns that the shape needs.
pub(super) fn write(list: &ListSettings, rows: &[Cells], out: &mut String) -> Result<(), &'static str> {
    match list.shape {
        ListShape::Rows => separated(rows, out, |cells, out| {
            write_members(cells, out);
            out.push('}');
            Ok(())
        }),
        ListShape::Values => separated(rows, out, |cells, out| match cells.as_slice() {
            [(_, cell)] => {
                cell.write(out);
                Ok(())
            }
            _ => Err("a list of values must have exactly one column"),
        }),
        ListShape::Map => map(list, rows, out),
    }
}

fn separated<T>(
    items: &[T],
    out: &mut String,
    each: impl Fn(&T, &mut String) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn map(list: &ListSettings, rows: &[Cells], out: &mut String) -> Result<(), &'static str> {
    let mut members: Vec<(String, Vec<&Cell>)> = Vec::new();
    for cells in rows {
        let key = column(cells, list.key.as_deref().unwrap_or_default()).ok_or("the key column is missing")?;
        let value = column(cells, list.value.as_deref().unwrap_or_default()).ok_or("the value column is missing")?;
        let name = key.as_name().ok_or("a key is neither text nor an integer")?;
        match members.iter_mut().find(|(have, _)| *have == name) {
            Some((_, values)) => values.push(value),
            None => members.push((name, vec![value])),
        }
    }
    out.push('{');
    for (at, (name, values)) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        match values.as_slice() {
            [value] => value.write(out),
            values => separated(values, out, |value, out| {
                value.write(out);
                Ok(())
            })?,
        }
    }
    out.push('}');
    Ok(())
}

/// The value of a column: matched exactly, or else ignoring case, because databases change the case of names.
pub(super) fn column<'c>(cells: &'c Cells, name: &str) -> Option<&'c Cell> {
    let exact = cells.iter().find(|(have, _)| have == name);
    exact.or_else(|| cells.iter().find(|(have, _)| have.eq_ignore_ascii_case(name))).map(|(_, cell)| cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: ListShape, rows: &[&[(&str, &str)]]) -> Result<String, &'static str> {
        let list = ListSettings { query: String::new(), shape, key: Some("k".to_owned()), value: Some("v".to_owned()) };
        let cell = |&(name, text): &(&str, &str)| (name.to_owned(), Cell::Text(text.to_owned()));
        let rows: Vec<Cells> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let mut out = String::new();
        write(&list, &rows, &mut out).map(|()| out)
    }

    #[test]
    fn rows_are_converted_to_their_shape() {
        let rows: &[&[(&str, &str)]] =
            &[&[("k", "a"), ("V", "1")], &[("k", "b"), ("V", "2")], &[("k", "a"), ("V", "3")]];
        let objects = r#"[{"k":"a","V":"1"},{"k":"b","V":"2"},{"k":"a","V":"3"}]"#;
        assert_eq!(written(ListShape::Rows, rows).as_deref(), Ok(objects));
        assert_eq!(written(ListShape::Map, rows).as_deref(), Ok(r#"{"a":["1","3"],"b":"2"}"#));
        assert_eq!(written(ListShape::Values, &[&[("r", "x")], &[("r", "y")]]).as_deref(), Ok(r#"["x","y"]"#));
        for (shape, empty) in [(ListShape::Rows, "[]"), (ListShape::Values, "[]"), (ListShape::Map, "{}")] {
            assert_eq!(written(shape, &[]).as_deref(), Ok(empty));
        }
    }

    #[test]
    fn rows_without_the_columns_are_rejected() {
        let rows: &[&[(&str, &str)]] = &[&[("k", "a"), ("w", "1")]];
        assert!(written(ListShape::Map, rows).is_err());
        assert!(written(ListShape::Values, rows).is_err());
    }
}
