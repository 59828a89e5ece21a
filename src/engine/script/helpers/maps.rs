//! Functions of maps. Keys are sorted by their text.

use rhai::{Array, Dynamic, Engine, FuncRegistration, ImmutableString, Map, NativeCallContext};

use super::lists::equal_maps;
use super::{Outcome, fits_list, pure};

fn keys(cx: NativeCallContext, map: &mut Map) -> Outcome<Array> {
    fits_list(&cx, map.len())?;
    Ok(map.keys().map(|key| ImmutableString::from(key.as_str()).into()).collect())
}

fn values(cx: NativeCallContext, map: &mut Map) -> Outcome<Array> {
    fits_list(&cx, map.len())?;
    Ok(map.values().cloned().collect())
}

/// Registers these functions.
pub(super) fn register(engine: &mut Engine) {
    pure(engine, "len", |map: &mut Map| i64::try_from(map.len()).unwrap_or(i64::MAX));
    pure(engine, "is_empty", |map: &mut Map| map.is_empty());
    pure(engine, "contains", |map: &mut Map, key: ImmutableString| map.contains_key(key.as_str()));
    pure(engine, "==", |left: &mut Map, right: Map| equal_maps(left, &right, 1));
    pure(engine, "!=", |left: &mut Map, right: Map| equal_maps(left, &right, 1).map(|equal| !equal));
    pure(engine, "keys", keys);
    pure(engine, "values", values);
    FuncRegistration::new("remove").register_into_engine(engine, |map: &mut Map, key: ImmutableString| -> Dynamic {
        map.remove(key.as_str()).unwrap_or_default()
    });
}
