//! Marks, disables or deletes the entry of a migrated customer in a directory.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ldap3::Mod;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::time::Instant;

use super::check::{self, Mistake, mistake};
use super::connection::{Pool, Servers};
use super::error::Failure;
use super::search::{Finder, NAME_LIMIT};
use super::settings::{Directory, Search, report, secrets};
use super::template::{Place, Template};
use super::trial;
use crate::adapters::registry::{OpenError, Trial, UsedValue, WriteBackAdapter, WriteBackContext};
use crate::adapters::write_back::{WRITE, not_kept};
use crate::ports::{BoxFuture, Call, LegacyWriter, MigratedCustomer, PortError, PortErrorKind, Written};
use crate::settings::{AdapterSettings, Reporter, SecretSetting};

/// Connections that are open at the same time.
const CONNECTIONS: u32 = 4;

/// A change in a directory.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapWriteBack {
    /// How to reach the directory, as an account that may change these entries.
    pub directory: Directory,
    /// The search for the entry of the customer, with placeholders such as `{filter:id}`. Two entries are an error.
    pub search: Search,
    /// Attributes that get these values in place of those that they have: a value, or a list; an empty list takes the attribute
    /// away. Repeated, it has the same effect.
    #[serde(default)]
    pub modify: BTreeMap<String, AttributeValues>,
    /// Whether the entry is deleted.
    #[serde(default)]
    pub delete: bool,
}

/// The values of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeValues(pub Vec<String>);

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = AttributeValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or a list of values")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<AttributeValues, E> {
        Ok(AttributeValues(vec![text.to_owned()]))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<AttributeValues, E> {
        Ok(AttributeValues(vec![number.to_string()]))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<AttributeValues, E> {
        Ok(AttributeValues(vec![number.to_string()]))
    }

    /// As directories write it (RFC 4517, section 3.3.3).
    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<AttributeValues, E> {
        Ok(AttributeValues(vec![if flag { "TRUE" } else { "FALSE" }.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AttributeValues, A::Error> {
        let mut values = Vec::new();
        while let Some(AttributeValues(mut more)) = items.next_element()? {
            values.append(&mut more);
        }
        Ok(AttributeValues(values))
    }
}

impl<'de> Deserialize<'de> for AttributeValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor)
    }
}

impl JsonSchema for AttributeValues {
    fn schema_name() -> Cow<'static, str> {
        "AttributeValues".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = json_schema!({ "type": ["string", "integer", "boolean"] });
        json_schema!({ "type": ["string", "integer", "boolean", "array"], "items": value })
    }
}

/// Whether a text can be the name of a value.
fn is_value(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl LdapWriteBack {
    fn mistakes(&self) -> Vec<Mistake> {
        let mut found = check::directory(&self.directory);
        found.extend(check::template("search.base", &self.search.base, Place::Dn, is_value));
        found.extend(check::template("search.filter", &self.search.filter, Place::Filter, is_value));
        let names_customer = self
            .templates()
            .is_ok_and(|(base, filter)| base.names().chain(filter.names()).any(MigratedCustomer::is_named_by));
        if self.templates().is_ok() && !names_customer {
            let help = "a search without `{filter:id}` finds the same entry for every customer";
            found.push(mistake("R503", "search.filter", "the search does not name the customer", help));
        }
        if self.modify.is_empty() != self.delete {
            let help = "write `modify: { ATTRIBUTE: VALUE }`, or `delete: true`";
            found.push(mistake("R503", "modify", "either `modify` or `delete` says what to do with the entry", help));
        }
        for name in self.modify.keys().filter(|name| !check::is_of_group(name)) {
            let help = "write the name of an attribute, such as `employeeType`";
            found.push(mistake("R506", "modify", format!("`{name}` is not the name of an attribute"), help));
        }
        found
    }

    fn templates(&self) -> Result<(Template, Template), String> {
        let parse = |text: &str, place| Template::parse(text, place, is_value).map_err(|error| error.to_string());
        Ok((parse(&self.search.base, Place::Dn)?, parse(&self.search.filter, Place::Filter)?))
    }

    fn writer(&self, name: &str, folder: &Path) -> Result<LdapWriter, String> {
        let servers = Servers::new(self.directory.clone(), folder, NAME_LIMIT)?;
        let pool = Pool::new(servers, CONNECTIONS)?;
        let (base, filter) = self.templates()?;
        let (scope, attributes) = (self.search.scope, vec!["1.1".to_owned()]);
        let finder = Finder { base, filter, scope, attributes, limit: NAME_LIMIT };
        let change = match self.delete {
            true => Change::Delete,
            false => Change::Modify(self.modify.clone()),
        };
        Ok(LdapWriter { name: name.to_owned(), pool, finder, change })
    }
}

impl AdapterSettings for LdapWriteBack {
    fn name(&self) -> &'static str {
        "ldap"
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        report(self.mistakes(), reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.directory)
    }
}

impl WriteBackAdapter for LdapWriteBack {
    fn used_values(&self) -> Vec<UsedValue> {
        let Ok((base, filter)) = self.templates() else { return Vec::new() };
        let used = |key: &str, template: &Template| {
            let value = |name: &str| UsedValue { key: key.to_owned(), name: name.to_owned() };
            template.names().map(value).collect::<Vec<_>>()
        };
        used("search.base", &base).into_iter().chain(used("search.filter", &filter)).collect()
    }

    fn check_secrets(&self, context: WriteBackContext<'_>, reporter: &mut Reporter<'_>) {
        report(check::secrets(&self.directory, context.folder), reporter);
    }

    fn connect<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match self.writer(context.name, context.folder) {
                Ok(writer) => trial::of(&writer.pool, Some(&writer.finder)).await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Result<Arc<dyn LegacyWriter>, OpenError>> {
        Box::pin(async move { Ok(Arc::new(self.writer(context.name, context.folder)?) as Arc<dyn LegacyWriter>) })
    }
}

/// What becomes of an entry.
enum Change {
    Modify(BTreeMap<String, AttributeValues>),
    Delete,
}

/// Changes one entry for each customer.
struct LdapWriter {
    name: String,
    pool: Pool,
    finder: Finder,
    change: Change,
}

impl LdapWriter {
    /// The name of the customer's entry, on a connection.
    async fn find(
        &self,
        lease: &mut super::connection::Lease,
        customer: &MigratedCustomer,
    ) -> Result<Option<String>, PortError> {
        let failed = |failure: Failure| failure.of(&self.name, WRITE);
        let names = self.finder.base.names().chain(self.finder.filter.names());
        if let Some(name) = names.into_iter().find(|name| customer.value(name).is_none()) {
            return Err(not_kept(&self.name, name));
        }
        let value_of = |name: &str| customer.value(name).map(|text| text.as_bytes().to_vec());
        let found = self.finder.find_by(lease.ldap().map_err(failed)?, value_of).await;
        Ok(found.map_err(failed)?.map(|entry| entry.dn))
    }

    async fn lease(&self, deadline: Instant) -> Result<super::connection::Lease, PortError> {
        let lease = self.pool.lease(deadline).await;
        // nothing was asked of the directory yet
        lease.map_err(|failure| failure.of(&self.name, WRITE).temporarily())
    }

    async fn apply(&self, lease: &mut super::connection::Lease, dn: &str) -> Result<Written, Failure> {
        let ldap = lease.ldap()?;
        let result = match &self.change {
            Change::Delete => ldap.delete(dn).await,
            Change::Modify(attributes) => {
                let replace = |(name, AttributeValues(values)): (&String, &AttributeValues)| {
                    Mod::Replace(name.clone(), values.iter().cloned().collect::<HashSet<_>>())
                };
                ldap.modify(dn, attributes.iter().map(replace).collect()).await
            }
        };
        match result.map_err(|error| Failure::driver(&error))? {
            result if result.rc == 0 => Ok(Written::Done),
            // deleted since the search
            result if result.rc == 32 => Ok(Written::Gone),
            result => Err(Failure::change(&result)),
        }
    }
}

impl LegacyWriter for LdapWriter {
    fn write<'a>(
        &'a self,
        call: Call<'a>,
        customer: &'a MigratedCustomer,
    ) -> BoxFuture<'a, Result<Written, PortError>> {
        Box::pin(async move {
            let mut lease = self.lease(call.deadline).await?;
            let written = match self.find(&mut lease, customer).await? {
                Some(dn) => self.apply(&mut lease, &dn).await.map_err(|failure| failure.of(&self.name, WRITE))?,
                None => Written::Gone,
            };
            lease.end();
            Ok(written)
        })
    }

    fn rehearse<'a>(&'a self, call: Call<'a>, customer: &'a MigratedCustomer) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            let mut lease = self.lease(call.deadline).await?;
            let found = self.find(&mut lease, customer).await?;
            lease.end();
            let gone = || PortError::new(PortErrorKind::Conflict, &self.name, WRITE).because("there is no such entry");
            found.map(drop).ok_or_else(gone)
        })
    }
}

#[cfg(test)]
pub(in crate::adapters) mod tests {
    use super::*;

    fn settings(yaml: &str) -> LdapWriteBack {
        let directory = "directory: { servers: [ 'ldap://127.0.0.1' ] }\n";
        serde_yaml::from_str(&format!("{directory}{yaml}")).expect(yaml)
    }

    #[test]
    pub(in crate::adapters) fn attributes_have_values_a_value_or_none() {
        let read = settings(
            "search: { base: 'o=x', filter: '(entryUUID={filter:id})' }\n\
             modify: { employeeType: migrated, userAccountControl: 514, hidden: true, mail: [], ou: [ a, 7 ] }",
        );
        let values: Vec<(&str, Vec<&str>)> = read
            .modify
            .iter()
            .map(|(name, values)| (name.as_str(), values.0.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            values,
            [
                ("employeeType", vec!["migrated"]),
                ("hidden", vec!["TRUE"]),
                ("mail", vec![]),
                ("ou", vec!["a", "7"]),
                ("userAccountControl", vec!["514"]),
            ]
        );
        assert!(read.mistakes().is_empty());
        assert_eq!(read.used_values(), [UsedValue { key: "search.filter".into(), name: "id".into() }]);
    }

    #[test]
    fn mistakes_are_found() {
        for (yaml, part) in [
            ("search: { base: 'o=x', filter: '(uid={filter:id})' }", "either `modify` or `delete`"),
            ("search: { base: 'o=x', filter: '(uid={filter:id})' }\nmodify: { a: b }\ndelete: true", "either"),
            ("search: { base: 'o=x', filter: '(uid=ada)' }\ndelete: true", "does not name the customer"),
            ("search: { base: 'o=x', filter: '(uid={id})' }\ndelete: true", "placeholder"),
            ("search: { base: 'uid={filter:id}', filter: '(a=b)' }\ndelete: true", "use `{dn:"),
            ("search: { base: 'o=x', filter: '(uid={filter:id})' }\nmodify: { 'a b': c }", "not the name"),
        ] {
            let found: Vec<String> = settings(yaml).mistakes().into_iter().map(|mistake| mistake.message).collect();
            assert!(found.iter().any(|message| message.contains(part)), "{yaml}: {found:?}");
        }
    }
}
