//! A serde format over the tree of settings. The target type decides what a scalar is, so `tenant: 42` can be text.
//!
//! An enum whose variants have settings is a map in which `kind` names the variant, and the place of every key is kept;
//! serde's own internally tagged enums would lose the places.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::tree::{Member, Tree, TreeKind};

/// The key that names the variant of a map.
pub(super) const KIND: &str = "kind";

/// Reads one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    tree: &'t Tree,
    /// Whether `kind` has been read already.
    inside_kind: bool,
}

impl<'t> Reader<'t> {
    /// A reader of a node.
    pub fn new(tree: &'t Tree) -> Self {
        Self { tree, inside_kind: false }
    }

    fn members(self) -> impl Iterator<Item = &'t Member> {
        let inside_kind = self.inside_kind;
        self.tree.members().iter().filter(move |m| !m.value.rejected && (!inside_kind || m.key != KIND))
    }

    fn wrong(self, expected: &str) -> Fault {
        Fault::Wrong(format!("expected {expected}, found {}", self.tree.shape()))
    }

    fn text(self, expected: &str) -> Result<&'t str, Fault> {
        match self.tree.scalar() {
            Some((text, _)) if !self.tree.is_null() => Ok(text),
            _ => Err(self.wrong(expected)),
        }
    }
}

/// Parses a whole number; digits with a leading zero are an id or a postal code, not a number.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    if is_number { text.parse().ok() } else { None }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let bound = || Fault::Wrong(format!("expected a whole number from {} to {}", <$type>::MIN, <$type>::MAX));
            let number = integer(self.text("a whole number")?).ok_or_else(|| self.wrong("a whole number"))?;
            visitor.$visit(<$type>::try_from(number).map_err(|_| bound())?)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match (&self.tree.kind, self.tree.scalar()) {
            (TreeKind::Map(_), _) => self.deserialize_map(visitor),
            (TreeKind::List(_), _) => self.deserialize_seq(visitor),
            _ if self.tree.is_null() => visitor.visit_unit(),
            (_, Some(("true", true))) => visitor.visit_bool(true),
            (_, Some(("false", true))) => visitor.visit_bool(false),
            (_, Some((text, true))) => match integer(text) {
                Some(number) => visitor.visit_i64(number),
                None => visitor.visit_str(text),
            },
            (_, Some((text, false))) => visitor.visit_str(text),
            (_, None) => visitor.visit_unit(),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.tree.scalar() {
            Some(("true", _)) => visitor.visit_bool(true),
            Some(("false", _)) => visitor.visit_bool(false),
            _ => Err(self.wrong("`true` or `false`")),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text("text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.tree.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.tree.kind {
            TreeKind::List(items) => visitor.visit_seq(Items(items.iter())),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.tree.kind {
            TreeKind::Map(_) => visitor.visit_map(Members { members: self.members(), value: None }),
            _ => Err(self.wrong("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if matches!(self.tree.kind, TreeKind::Map(_)) {
            let kind = self.members().find(|member| member.key == KIND).ok_or(Fault::Missing(KIND))?;
            let name = Reader::new(&kind.value).text("the name of a kind")?;
            return visitor.visit_enum(Kinded { name, reader: Self { inside_kind: true, ..self } });
        }
        let word: StrDeserializer<'_, Fault> = self.text("a word")?.into_deserializer();
        visitor.visit_enum(word)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The elements of a list.
struct Items<'t>(std::slice::Iter<'t, Tree>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        match self.0.find(|item| !item.rejected) {
            Some(item) => seed.deserialize(Reader::new(item)).map(Some),
            None => Ok(None),
        }
    }
}

/// The members of a map.
struct Members<'t, I> {
    members: I,
    value: Option<&'t Tree>,
}

impl<'de, I: Iterator<Item = &'de Member>> MapAccess<'de> for Members<'de, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(member) = self.members.next() else { return Ok(None) };
        self.value = Some(&member.value);
        let key: StrDeserializer<'_, Fault> = member.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let value = self.value.take().ok_or_else(|| Fault::custom("a key has no value"))?;
        seed.deserialize(Reader::new(value))
    }
}

/// A map whose variant is known.
struct Kinded<'t> {
    name: &'t str,
    reader: Reader<'t>,
}

impl<'de> EnumAccess<'de> for Kinded<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Kinded<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.reader.members().next() {
            Some(member) => Err(Fault::Unknown { key: member.key.clone(), known: vec![KIND] }),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.reader.deserialize_map(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.reader.deserialize_map(visitor)
    }
}
