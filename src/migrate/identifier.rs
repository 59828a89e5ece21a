//! What a customer types to sign in, made one spelling once, at the edge.

use std::fmt;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use thiserror::Error;

/// What identifiers are, which decides how they are made one spelling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IdentifierKind {
    /// User names and mail addresses alike: the profile UsernameCaseMapped of RFC 8265.
    #[default]
    Username,
    /// Mail addresses: the local part as a user name, the domain in its ASCII form (RFC 5890).
    Email,
    /// Phone numbers in E.164; numbers without a country prefix are read as numbers of this region (ISO 3166-1).
    Phone {
        /// Two letters, such as `DE`; none admits only numbers with a country prefix.
        region: Option<String>,
    },
}

/// An identifier as it was typed, and in its one spelling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    typed: String,
    canonical: String,
}

/// Text that cannot be an identifier. It never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Empty, or nothing is left of it.
    #[error("the identifier is empty")]
    Empty,
    /// More than [`IdentifierProfile::MAX_BYTES`] bytes, before or after the mapping.
    #[error("the identifier has more than {} bytes", IdentifierProfile::MAX_BYTES)]
    TooLong,
    /// Characters that the profile does not admit, or another shape.
    #[error("the identifier is not of the kind that is expected")]
    Shape,
    /// The mapping of its mapping is something else, so that it has no one spelling.
    #[error("the identifier has no one spelling")]
    Unstable,
}

impl Identifier {
    /// As it was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// In its one spelling.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// Never shows the identifier.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(***)")
    }
}

/// How identifiers are made one spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentifierProfile {
    /// What they are.
    pub kind: IdentifierKind,
}

impl IdentifierProfile {
    /// The longest identifier, in bytes. Stops megabytes from being normalised and hashed; a mail address has at most 254
    /// characters (RFC 5321), and user names are shorter.
    pub const MAX_BYTES: usize = 512;

    /// The one spelling of what was typed. Spaces around it do not count.
    ///
    /// # Errors
    /// [`IdentifierError`].
    ///
    /// ```
    /// use landfall::migrate::IdentifierProfile;
    /// let profile = IdentifierProfile::default();
    /// assert_eq!(profile.canonical(" Ada@Example.ORG ")?.canonical(), "ada@example.org");
    /// # Ok::<(), landfall::migrate::IdentifierError>(())
    /// ```
    pub fn canonical(&self, typed: &str) -> Result<Identifier, IdentifierError> {
        if typed.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        let canonical = self.map(typed.trim())?;
        if canonical.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        // INVARIANT: one spelling has one spelling, or two accounts could share a name.
        if self.map(&canonical)? != canonical {
            return Err(IdentifierError::Unstable);
        }
        Ok(Identifier { typed: typed.to_owned(), canonical })
    }

    fn map(&self, text: &str) -> Result<String, IdentifierError> {
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        match &self.kind {
            IdentifierKind::Username => username(text),
            IdentifierKind::Email => email(text),
            IdentifierKind::Phone { region } => phone(text, region.as_deref()),
        }
    }
}

fn username(text: &str) -> Result<String, IdentifierError> {
    let mapped = UsernameCaseMapped::enforce(text).map_err(|_| IdentifierError::Shape)?;
    if mapped.is_empty() { Err(IdentifierError::Empty) } else { Ok(mapped.into_owned()) }
}

fn email(text: &str) -> Result<String, IdentifierError> {
    let (local, domain) = text.rsplit_once('@').ok_or(IdentifierError::Shape)?;
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| IdentifierError::Shape)?;
    if domain.is_empty() {
        return Err(IdentifierError::Shape);
    }
    Ok(format!("{}@{domain}", username(local)?))
}

fn phone(text: &str, region: Option<&str>) -> Result<String, IdentifierError> {
    let region = match region {
        Some(region) => Some(region.parse().map_err(|_| IdentifierError::Shape)?),
        None => None,
    };
    let number = phonenumber::parse(region, text).map_err(|_| IdentifierError::Shape)?;
    if !number.is_valid() {
        return Err(IdentifierError::Shape);
    }
    Ok(number.format().mode(phonenumber::Mode::E164).to_string())
}
