//! Identifiers of customers as digests, so that equal ones are found without keeping them.
//!
//! The digest has no key: parts of an export that were assessed by different processes can be merged. Everybody who has the digests
//! can test guesses, so a file of them is as sensitive as the export.

use sha2::{Digest as _, Sha256};

/// A row of the identifiers: the digest, the record, the account in it, what the identifier is, the number of logins of the
/// customer, and the class of the forecast. All numbers are big-endian, so that rows are sorted by them.
pub(super) type Row = [u8; ROW];

/// The length of a row.
pub(super) const ROW: usize = DIGEST + 8 + 2 + 1 + 2 + 2;

/// The length of a digest.
const DIGEST: usize = 16;

/// The digest of an identifier.
pub(super) type Digest = [u8; DIGEST];

/// What identifiers are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Ids of the legacy system.
    Ids,
    /// What can be typed: logins and mail addresses.
    Names,
    /// Phone numbers.
    Phones,
}

/// The digest of an identifier in its canonical spelling.
pub(super) fn digest(space: Space, canonical: &str) -> Digest {
    let space: &[u8] = match space {
        Space::Ids => b"landfall assess id\0",
        Space::Names => b"landfall assess name\0",
        Space::Phones => b"landfall assess phone\0",
    };
    let whole = Sha256::new().chain_update(space).chain_update(canonical.as_bytes()).finalize();
    whole.first_chunk().copied().unwrap_or_default()
}

/// What an identifier is for its customer; it may be several.
pub(super) mod uses {
    /// The id in the legacy system.
    pub(in super::super) const ID: u8 = 1;
    /// A login.
    pub(in super::super) const LOGIN: u8 = 2;
    /// A mail address.
    pub(in super::super) const EMAIL: u8 = 4;
    /// A phone number.
    pub(in super::super) const PHONE: u8 = 8;
}

/// A customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Customer {
    /// The number of the record.
    pub record: u64,
    /// The position of the account in the record.
    pub account: u16,
    /// The number of logins.
    pub logins: u16,
    /// The class of the forecast.
    pub class: u16,
}

/// An identifier of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub digest: Digest,
    pub customer: Customer,
    /// See [`uses`].
    pub uses: u8,
}

impl Entry {
    /// The row of the entry.
    pub(super) fn row(&self) -> Row {
        let Customer { record, account, logins, class } = self.customer;
        let mut row = [0; ROW];
        let bytes = self
            .digest
            .into_iter()
            .chain(record.to_be_bytes())
            .chain(account.to_be_bytes())
            .chain([self.uses])
            .chain(logins.to_be_bytes())
            .chain(class.to_be_bytes());
        row.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        row
    }

    /// The entry of a row.
    pub(super) fn of(row: &Row) -> Self {
        let [digest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *row;
        let [.., r0, r1, r2, r3, r4, r5, r6, r7, a0, a1, uses, l0, l1, c0, c1] = *row;
        let customer = Customer {
            record: u64::from_be_bytes([r0, r1, r2, r3, r4, r5, r6, r7]),
            account: u16::from_be_bytes([a0, a1]),
            logins: u16::from_be_bytes([l0, l1]),
            class: u16::from_be_bytes([c0, c1]),
        };
        Self { digest, customer, uses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_everything_and_are_in_order() {
        let customer = Customer { record: 1 << 40, account: 3, logins: 300, class: 65535 };
        let entry = Entry { digest: digest(Space::Ids, "7"), customer, uses: uses::ID };
        assert_eq!(Entry::of(&entry.row()), entry);
        let later = Entry { customer: Customer { record: (1 << 40) + 1, account: 0, ..customer }, ..entry };
        assert!(later.row() > entry.row());
    }

    #[test]
    fn spaces_are_apart() {
        assert_ne!(digest(Space::Ids, "7"), digest(Space::Names, "7"));
    }
}
