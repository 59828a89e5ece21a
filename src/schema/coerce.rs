//! The only implicit conversion: a number becomes its text if the claim is text, so that ids keep all digits.

use bumpalo::Bump;

use super::shape::Shape;
use crate::model::Kinds;
use crate::model::Value;

/// Fits a value to a shape without loss: numbers become text if the shape accepts text but not numbers, also inside lists and
/// objects. Everything else is unchanged; [`Shape::check`] decides whether it is valid.
///
/// A value that needs no change is returned without a copy.
#[must_use]
pub fn fit<'a>(shape: &Shape, value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Int(_) | Value::Decimal(_) if allows_only_text(shape) => {
            value.scalar_text(arena).map_or(value, Value::Text)
        }
        Value::List(items) => match shape.element() {
            Some(element) if list_changes(element, items) => {
                Value::List(arena.alloc_slice_fill_iter(items.iter().map(|item| fit(element, *item, arena))))
            }
            _ => value,
        },
        Value::Object(members) if object_changes(shape, members) => {
            Value::Object(arena.alloc_slice_fill_iter(
                members.iter().map(|(name, member)| {
                    (*name, shape.member(name).map_or(*member, |shape| fit(shape, *member, arena)))
                }),
            ))
        }
        _ => value,
    }
}

fn allows_only_text(shape: &Shape) -> bool {
    shape.kinds.meets(Kinds::TEXT) && !shape.kinds.meets(Kinds::NUMBER)
}

/// Whether fitting would change the value.
fn changes(shape: &Shape, value: Value<'_>) -> bool {
    match value {
        Value::Int(_) | Value::Decimal(_) => allows_only_text(shape),
        Value::List(items) => shape.element().is_some_and(|element| list_changes(element, items)),
        Value::Object(members) => object_changes(shape, members),
        _ => false,
    }
}

fn list_changes(element: &Shape, items: &[Value<'_>]) -> bool {
    items.iter().any(|item| changes(element, *item))
}

fn object_changes(shape: &Shape, members: &[(&str, Value<'_>)]) -> bool {
    members.iter().any(|(name, value)| shape.member(name).is_some_and(|shape| changes(shape, *value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::{from_json, to_json};
    use crate::schema::Schema;

    #[test]
    fn numbers_become_text_where_required() {
        let schema = Schema::builtin("standard").expect("built in");
        let arena = Bump::new();
        let draft = serde_json::json!({
            "external_id": 412, "tags": [1, "b"], "status": true, "must_change_password": 1,
            "external_identities": [{"provider": "x", "subject": 18446744073709551615_u64}],
            "custom": {"seats": 12},
        });
        let fitted = to_json(fit(schema.root(), from_json(&draft, &arena), &arena));
        assert_eq!(
            fitted,
            serde_json::json!({
                "external_id": "412", "tags": ["1", "b"], "status": true, "must_change_password": 1,
                "external_identities": [{"provider": "x", "subject": "18446744073709551615"}],
                "custom": {"seats": 12},
            })
        );
    }

    #[test]
    fn decimals_keep_their_text() {
        let schema = Schema::builtin("standard").expect("built in");
        let arena = Bump::new();
        let shape = schema.claim("external_id").expect("a claim").shape;
        assert_eq!(fit(shape, Value::Decimal("1.10"), &arena).as_text(), Some("1.10"));
    }

    #[test]
    fn valid_values_are_not_copied() {
        let schema = Schema::builtin("standard").expect("built in");
        let arena = Bump::new();
        let items = [Value::Text("a"), Value::Text("b")];
        let shape = schema.claim("roles").expect("a claim").shape;
        let fitted = fit(shape, Value::List(&items), &arena);
        assert!(std::ptr::eq(fitted.as_list().expect("a list"), &raw const items[..]));
    }
}
