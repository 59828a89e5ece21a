//! Which verifiers check a presented password.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::ports::Verifier;

/// The verifiers of a legacy system, by name, and the order in which they are asked when the rules name none.
#[derive(Clone)]
pub struct Verifiers {
    by_name: BTreeMap<String, Arc<dyn Verifier>>,
    order: Vec<String>,
}

/// The order names a verifier that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no verifier `{0}`")]
pub struct UnknownVerifier(pub String);

impl Verifiers {
    /// One verifier, which is asked for every customer whose rules name no other.
    #[must_use]
    pub fn only(verifier: Arc<dyn Verifier>) -> Self {
        let name = verifier.name().to_owned();
        Self { by_name: BTreeMap::from([(name.clone(), verifier)]), order: vec![name] }
    }

    /// Verifiers by their names. Those in `order` are asked one after the other when the rules name none: the next one only
    /// if the one before says that the password is wrong, or that it has none to compare with.
    ///
    /// # Errors
    /// If `order` names a verifier that does not exist.
    pub fn new(
        verifiers: impl IntoIterator<Item = (String, Arc<dyn Verifier>)>,
        order: Vec<String>,
    ) -> Result<Self, UnknownVerifier> {
        let by_name: BTreeMap<_, _> = verifiers.into_iter().collect();
        match order.iter().find(|name| !by_name.contains_key(*name)) {
            Some(unknown) => Err(UnknownVerifier(unknown.clone())),
            None => Ok(Self { by_name, order }),
        }
    }

    /// The same verifiers in another order.
    ///
    /// # Errors
    /// If `order` names a verifier that does not exist.
    pub fn ordered(&self, order: &[String]) -> Result<Self, UnknownVerifier> {
        let by_name = self.by_name.iter().map(|(name, verifier)| (name.clone(), Arc::clone(verifier)));
        Self::new(by_name, order.to_vec())
    }

    /// The verifiers to ask: the one that the rules name, or those of the order. Empty if there is none of that name.
    pub(super) fn choose(&self, named: Option<&str>) -> Vec<(&str, &Arc<dyn Verifier>)> {
        let names = named.map_or(self.order.as_slice(), |_| &[]).iter().map(String::as_str).chain(named);
        names.filter_map(|name| self.by_name.get_key_value(name)).map(|(name, found)| (name.as_str(), found)).collect()
    }
}

impl std::fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifiers").field("order", &self.order).finish_non_exhaustive()
    }
}
