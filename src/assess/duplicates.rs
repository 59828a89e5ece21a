//! Finds identifiers that several customers share, and the customers who therefore cannot migrate.

use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, Write};

use super::document::{DuplicateOf, Duplicates, MAX_GROUPS, MAX_NUMBERS};
use super::entry::{Customer, Entry, ROW, uses};
use super::sorter::Sorter;

/// How many numbers of one identifier the file of all duplicates lists. Stops a default value that every record has from
/// filling the memory; the number of records is always right.
const MAX_LISTED: usize = 100_000;

/// All kinds of duplicates, in the order of the document.
const KINDS: [DuplicateOf; 5] =
    [DuplicateOf::LegacyId, DuplicateOf::Login, DuplicateOf::Email, DuplicateOf::Phone, DuplicateOf::NameIsEmail];

/// A customer with a shared identifier: the record, the account, the position of the kind in [`KINDS`], the number of logins,
/// and the class.
type SharedRow = [u8; 15];

/// What is shared, and by whom.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// For the document; kinds without duplicates are left out.
    pub duplicates: Vec<Duplicates>,
    /// Customers whose id another one has, by the class that they had before.
    pub same_id: BTreeMap<u16, Vec<u64>>,
    /// Customers all of whose logins others have, by the class that they had before.
    pub no_own_login: BTreeMap<u16, Vec<u64>>,
    /// How many there are of each.
    pub same_id_count: BTreeMap<u16, u64>,
    /// How many there are of each.
    pub no_own_login_count: BTreeMap<u16, u64>,
}

/// Finds what is shared. All groups are written to `all`, a line of JSON each.
///
/// # Errors
/// If a temporary file or `all` cannot be read or written.
pub(super) fn find(entries: Sorter<ROW>, mut all: Option<&mut dyn Write>) -> io::Result<Found> {
    let mut shared = Sorter::<15>::default();
    let mut kinds: Vec<Kind> = KINDS.iter().map(|_| Kind::default()).collect();
    let (mut before, mut is_group): (Option<Entry>, bool) = (None, false);
    for row in entries.sorted()? {
        let entry = Entry::of(&row?);
        match before.filter(|before| before.digest == entry.digest) {
            Some(before) => {
                // most identifiers occur once, and cost nothing more
                let first = (!is_group).then_some(before);
                for entry in first.into_iter().chain([entry]) {
                    kinds.iter_mut().enumerate().try_for_each(|(at, kind)| kind.add(at, &entry, &mut shared))?;
                }
                is_group = true;
            }
            None if is_group => {
                end(&mut kinds, &mut all)?;
                is_group = false;
            }
            None => {}
        }
        before = Some(entry);
    }
    end(&mut kinds, &mut all)?;
    let mut found = customers(shared, &mut kinds)?;
    let duplicates = KINDS.into_iter().zip(kinds).filter(|(_, kind)| kind.identifiers > 0);
    found.duplicates = duplicates.map(|(of, kind)| kind.duplicates(of)).collect();
    Ok(found)
}

/// Ends the groups of a digest.
fn end(kinds: &mut [Kind], all: &mut Option<&mut dyn Write>) -> io::Result<()> {
    for (of, kind) in KINDS.into_iter().zip(kinds) {
        if let Some(group) = kind.end() {
            if let Some(all) = all {
                let line = serde_json::json!({ "of": of, "count": group.records, "records": group.numbers });
                writeln!(all, "{line}")?;
            }
            kind.keep(group);
        }
    }
    Ok(())
}

/// One kind of duplicates.
#[derive(Debug, Default)]
struct Kind {
    identifiers: u64,
    records: u64,
    /// The groups with the first records; the last of them on top.
    first: BinaryHeap<Vec<u64>>,
    group: Group,
}

/// Customers with the same identifier.
#[derive(Debug, Default)]
struct Group {
    customers: u64,
    records: u64,
    numbers: Vec<u64>,
    last: Option<u64>,
    /// The first customer, until there is a second one.
    single: Option<Customer>,
    /// Of user names and mail addresses: which of both were seen.
    has_name: bool,
    has_email: bool,
    /// Customers who are reported once both were seen.
    waiting: Vec<Customer>,
}

/// Whether an identifier is a user name, and not also a mail address of its customer.
fn is_name(uses: u8) -> bool {
    uses & uses::LOGIN != 0 && uses & uses::EMAIL == 0
}

impl Kind {
    /// Adds a customer to the current group, if the identifier is of this kind for this customer.
    fn add(&mut self, at: usize, entry: &Entry, shared: &mut Sorter<15>) -> io::Result<()> {
        let uses = entry.uses;
        let is_of_kind = match KINDS.get(at) {
            Some(DuplicateOf::LegacyId) => uses & uses::ID != 0,
            Some(DuplicateOf::Login) => uses & uses::LOGIN != 0,
            Some(DuplicateOf::Email) => uses & uses::EMAIL != 0,
            Some(DuplicateOf::Phone) => uses & uses::PHONE != 0,
            _ => is_name(uses) || uses & uses::EMAIL != 0,
        };
        if !is_of_kind {
            return Ok(());
        }
        let group = &mut self.group;
        group.customers += 1;
        let record = entry.customer.record;
        if group.last != Some(record) {
            group.last = Some(record);
            group.records += 1;
            if group.numbers.len() < MAX_LISTED {
                group.numbers.push(record);
            }
        }
        if KINDS.get(at) == Some(&DuplicateOf::NameIsEmail) {
            group.has_name |= is_name(uses);
            group.has_email |= uses & uses::EMAIL != 0;
            if !(group.has_name && group.has_email) {
                // only counted: who is not listed here does not count as sharing either
                if group.waiting.len() < MAX_LISTED {
                    group.waiting.push(entry.customer);
                }
                return Ok(());
            }
            for customer in group.waiting.drain(..) {
                shared.add(shared_row(at, customer))?;
            }
            return shared.add(shared_row(at, entry.customer));
        }
        if group.customers == 1 {
            group.single = Some(entry.customer);
            return Ok(());
        }
        if let Some(first) = group.single.take() {
            shared.add(shared_row(at, first))?;
        }
        shared.add(shared_row(at, entry.customer))
    }

    /// The current group, if it has several customers.
    fn end(&mut self) -> Option<Group> {
        if self.group.customers == 0 {
            return None;
        }
        let group = std::mem::take(&mut self.group);
        let is_collision = group.has_name == group.has_email;
        (group.customers > 1 && is_collision).then_some(group)
    }

    fn keep(&mut self, group: Group) {
        self.identifiers += 1;
        let mut numbers = group.numbers;
        numbers.truncate(MAX_NUMBERS);
        self.first.push(numbers);
        if self.first.len() > MAX_GROUPS {
            self.first.pop();
        }
    }

    fn duplicates(self, of: DuplicateOf) -> Duplicates {
        Duplicates { of, identifiers: self.identifiers, records: self.records, groups: self.first.into_sorted_vec() }
    }
}

fn shared_row(kind: usize, customer: Customer) -> SharedRow {
    let Customer { record, account, logins, class } = customer;
    let kind = u8::try_from(kind).unwrap_or(u8::MAX);
    let bytes = record
        .to_be_bytes()
        .into_iter()
        .chain(account.to_be_bytes())
        .chain([kind])
        .chain(logins.to_be_bytes())
        .chain(class.to_be_bytes());
    let mut row = [0; 15];
    row.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    row
}

/// Counts the records of each kind, and finds the customers who cannot migrate because of what they share.
fn customers(shared: Sorter<15>, kinds: &mut [Kind]) -> io::Result<Found> {
    let mut found = Found::default();
    let (mut record, mut seen, mut now): (Option<u64>, u8, Option<Sharing>) = (None, 0, None);
    for row in shared.sorted()? {
        let [r0, r1, r2, r3, r4, r5, r6, r7, a0, a1, kind, l0, l1, c0, c1] = row?;
        let customer = Customer {
            record: u64::from_be_bytes([r0, r1, r2, r3, r4, r5, r6, r7]),
            account: u16::from_be_bytes([a0, a1]),
            logins: u16::from_be_bytes([l0, l1]),
            class: u16::from_be_bytes([c0, c1]),
        };
        if record != Some(customer.record) {
            (record, seen) = (Some(customer.record), 0);
        }
        let bit = 1_u8.checked_shl(u32::from(kind)).unwrap_or(0);
        if let Some(kind) = kinds.get_mut(usize::from(kind)).filter(|_| seen & bit == 0) {
            kind.records += 1;
        }
        seen |= bit;
        let is_same = now.as_ref().is_some_and(|now| now.customer == customer);
        if !is_same && let Some(ended) = now.replace(Sharing { customer, same_id: false, logins: 0 }) {
            found.note(&ended);
        }
        if let Some(now) = &mut now {
            match KINDS.get(usize::from(kind)) {
                Some(DuplicateOf::LegacyId) => now.same_id = true,
                Some(DuplicateOf::Login) => now.logins = now.logins.saturating_add(1),
                _ => {}
            }
        }
    }
    if let Some(ended) = now {
        found.note(&ended);
    }
    Ok(found)
}

/// What a customer shares with others.
struct Sharing {
    customer: Customer,
    same_id: bool,
    /// The number of shared logins.
    logins: u16,
}

impl Found {
    fn note(&mut self, sharing: &Sharing) {
        let Customer { record, logins, class, .. } = sharing.customer;
        let (numbers, counts) = if sharing.same_id {
            (&mut self.same_id, &mut self.same_id_count)
        } else if logins > 0 && sharing.logins >= logins {
            (&mut self.no_own_login, &mut self.no_own_login_count)
        } else {
            return;
        };
        *counts.entry(class).or_default() += 1;
        let numbers = numbers.entry(class).or_default();
        // records come in order: these are the first ones
        if numbers.len() < MAX_NUMBERS {
            numbers.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Space, digest};
    use super::*;

    /// A customer of a record: id, logins, mail addresses, phones.
    fn entries(record: u64, id: &str, logins: &[&str], mails: &[&str], phones: &[&str]) -> Vec<Entry> {
        let customer = Customer { record, account: 0, logins: u16::try_from(logins.len()).unwrap(), class: 7 };
        let mut names = BTreeMap::<&str, u8>::new();
        logins.iter().for_each(|login| *names.entry(login).or_default() |= uses::LOGIN);
        mails.iter().for_each(|mail| *names.entry(mail).or_default() |= uses::EMAIL);
        let entry = |space, text: &str, uses| Entry { digest: digest(space, text), customer, uses };
        std::iter::once(entry(Space::Ids, id, uses::ID))
            .chain(names.into_iter().map(|(name, uses)| entry(Space::Names, name, uses)))
            .chain(phones.iter().map(|phone| entry(Space::Phones, phone, uses::PHONE)))
            .collect()
    }

    fn found(all: &[Vec<Entry>]) -> (Found, String) {
        let mut sorter = Sorter::default();
        all.iter().flatten().for_each(|entry| sorter.add(entry.row()).unwrap());
        let mut written = Vec::new();
        let found = find(sorter, Some(&mut written)).unwrap();
        (found, String::from_utf8(written).unwrap())
    }

    #[test]
    fn every_kind_is_found_with_its_records() {
        let (found, written) = found(&[
            entries(1, "1", &["ada", "a@x"], &["a@x"], &["+1"]),
            entries(2, "2", &["bo", "a@x"], &["a@x"], &["+1"]),
            entries(3, "1", &["cy"], &["c@x"], &["+1"]),
            entries(4, "4", &["c@x"], &[], &[]),
            entries(5, "5", &["bo"], &[], &[]),
            entries(6, "6", &["f@x"], &["f@x"], &[]),
        ]);
        let kinds: Vec<(DuplicateOf, u64, u64, Vec<Vec<u64>>)> =
            found.duplicates.iter().map(|of| (of.of, of.identifiers, of.records, of.groups.clone())).collect();
        let wanted = [
            (DuplicateOf::LegacyId, 1, 2, vec![vec![1, 3]]),
            (DuplicateOf::Login, 2, 3, vec![vec![1, 2], vec![2, 5]]),
            (DuplicateOf::Email, 1, 2, vec![vec![1, 2]]),
            (DuplicateOf::Phone, 1, 3, vec![vec![1, 2, 3]]),
            (DuplicateOf::NameIsEmail, 1, 2, vec![vec![3, 4]]),
        ];
        assert_eq!(kinds, wanted);
        assert_eq!(written.lines().count(), 6);
        assert!(written.contains(r#"{"count":2,"of":"name_is_email","records":[3,4]}"#), "{written}");
        // 2 shares both of its logins, 5 its only one; 1 keeps its own name, but not its id
        assert_eq!(found.no_own_login, BTreeMap::from([(7, vec![2, 5])]));
        assert_eq!(found.same_id, BTreeMap::from([(7, vec![1, 3])]));
    }

    #[test]
    fn an_identifier_that_one_record_has_twice_is_not_shared() {
        let (found, written) =
            found(&[entries(1, "1", &["ada", "a@x"], &["a@x"], &[]), entries(2, "2", &["bo"], &[], &[])]);
        assert!(found.duplicates.is_empty() && written.is_empty());
    }
}
