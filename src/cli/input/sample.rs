//! Reads a part of the records: the first ones, or a random sample that is the same every time.

use std::str::FromStr;

use crate::cli::share::Share;
use crate::formats::{RawRecord, RecordError, Records};

/// The largest sample by number. It is in the memory until all records have been read; a larger one is a share.
const MAX_SAMPLE: u64 = 100_000;

/// The most bytes of a sample by number. Stops large records from filling the memory; admits 100,000 records of 2 KiB.
const MAX_BYTES: usize = 256 * 1024 * 1024;

type Item = Result<RawRecord, RecordError>;

/// How large a sample is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// So many records, of all of them.
    Count(u64),
    /// About this share of the records.
    Share(Share),
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const HELP: &str = "write a number of records such as 1000, or a share such as 1%";
        if text.trim_end().ends_with('%') {
            let share: Share = text.parse()?;
            return if share.is_nothing() { Err(HELP.to_owned()) } else { Ok(Self::Share(share)) };
        }
        match text.parse() {
            Ok(0) | Err(_) => Err(HELP.to_owned()),
            Ok(count) if count > MAX_SAMPLE => {
                Err(format!("a sample has at most {MAX_SAMPLE} records; for a larger one, write a share such as 1%"))
            }
            Ok(count) => Ok(Self::Count(count)),
        }
    }
}

/// Which records are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Picking {
    /// The first ones.
    pub limit: Option<u64>,
    /// A sample of those.
    pub sample: Option<Sample>,
    /// Which sample.
    pub seed: u64,
}

impl Picking {
    /// Whether all records are read.
    pub fn is_all(&self) -> bool {
        self.limit.is_none() && self.sample.is_none()
    }

    /// The records that are read, in their order and with their own numbers.
    pub fn of(self, records: Records) -> Records {
        let records: Records = match self.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)) {
            Some(limit) => Box::new(records.take(limit)),
            None => records,
        };
        let mut random = Random(self.seed);
        match self.sample {
            None => records,
            Some(Sample::Share(share)) => Box::new(records.filter(move |item| {
                let is_taken = share.takes(random.fraction());
                is_taken || item.as_ref().is_err_and(|error| error.fatal)
            })),
            Some(Sample::Count(count)) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                Box::new(Reservoir { records: Some(records), count, random, taken: Vec::new().into_iter() })
            }
        }
    }
}

/// A sample of a fixed number, in which every record is equally likely (Vitter's algorithm R).
struct Reservoir {
    /// Until they are read.
    records: Option<Records>,
    count: usize,
    random: Random,
    taken: std::vec::IntoIter<Item>,
}

impl Iterator for Reservoir {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if let Some(records) = self.records.take() {
            self.taken = self.read(records).into_iter();
        }
        self.taken.next()
    }
}

impl Reservoir {
    fn read(&mut self, records: Records) -> Vec<Item> {
        let (mut taken, mut bytes, mut seen): (Vec<(u64, Item)>, _, _) = (Vec::new(), 0, 0_u64);
        let mut fatal = None;
        for item in records {
            if item.as_ref().is_err_and(|error| error.fatal) {
                fatal = Some(item);
                break;
            }
            seen += 1;
            if taken.len() < self.count {
                bytes += size(&item);
                taken.push((seen, item));
            } else if let Some(place) =
                usize::try_from(self.random.below(seen)).ok().and_then(|place| taken.get_mut(place))
            {
                bytes = bytes + size(&item) - size(&place.1);
                *place = (seen, item);
            }
            if bytes > MAX_BYTES {
                fatal = Some(Err(too_large(seen)));
                break;
            }
        }
        taken.sort_unstable_by_key(|(number, _)| *number);
        taken.into_iter().map(|(_, item)| item).chain(fatal).collect()
    }
}

fn size(item: &Item) -> usize {
    match item {
        Ok(record) => record.json.len(),
        Err(error) => error.raw.as_ref().map_or(0, String::len),
    }
}

fn too_large(number: u64) -> RecordError {
    let message = "the sample has more than 256 MiB; take fewer records, or a share such as `--sample 1%`".to_owned();
    RecordError { number, line: number, message, raw: None, format: crate::formats::Format::Json, fatal: true }
}

/// SplitMix64: the same numbers on every machine and in every version.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, all equally likely as far as anybody can see.
    fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from 0 to below 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Format, ReadOptions, open};

    fn records(count: u64) -> Records {
        let text: String = (0..count).map(|number| format!("{{\"n\":{number}}}\n")).collect();
        open(Box::new(std::io::Cursor::new(text.into_bytes())), Format::Ndjson, ReadOptions::default())
    }

    fn numbers(picking: Picking, count: u64) -> Vec<u64> {
        picking.of(records(count)).map(|item| item.unwrap().number).collect()
    }

    fn sample(text: &str, seed: u64) -> Picking {
        Picking { limit: None, sample: Some(text.parse().unwrap()), seed }
    }

    #[test]
    fn the_first_records_are_read_and_no_more() {
        let read = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let seen = std::sync::Arc::clone(&read);
        let counted = records(100).inspect(move |_| {
            seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        });
        let picking = Picking { limit: Some(3), ..Picking::default() };
        assert_eq!(picking.of(Box::new(counted)).count(), 3);
        assert_eq!(read.load(std::sync::atomic::Ordering::SeqCst), 3);
        assert_eq!(numbers(Picking { limit: Some(9), ..Picking::default() }, 2), [1, 2]);
    }

    #[test]
    fn a_sample_is_the_same_every_time_and_in_order() {
        for text in ["50", "10%"] {
            let one = numbers(sample(text, 0), 500);
            assert_eq!(one, numbers(sample(text, 0), 500), "{text}");
            assert_ne!(one, numbers(sample(text, 1), 500), "{text}");
            assert!(one.is_sorted() && (30..=70).contains(&one.len()), "{text}: {one:?}");
        }
        assert_eq!(numbers(sample("50", 0), 500).len(), 50);
        assert_eq!(numbers(sample("50", 0), 7), [1, 2, 3, 4, 5, 6, 7]);
        let both = Picking { limit: Some(20), ..sample("5", 3) };
        assert!(numbers(both, 1000).iter().all(|number| *number <= 20));
    }

    #[test]
    fn every_record_is_equally_likely() {
        let mut counts = [0_u32; 20];
        for seed in 0..2000 {
            numbers(sample("5", seed), 20).iter().for_each(|number| counts[usize::try_from(*number).unwrap() - 1] += 1);
        }
        // 500 expected, standard deviation 19
        assert!(counts.iter().all(|count| (420..=580).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_failure_of_the_source_is_part_of_every_sample() {
        for text in ["2", "1%"] {
            let fatal = || Err(RecordError { fatal: true, ..too_large(6) });
            let items = sample(text, 0).of(Box::new(records(5).chain(std::iter::once_with(fatal))));
            assert!(items.last().unwrap().unwrap_err().fatal, "{text}");
        }
    }

    #[test]
    fn samples_are_numbers_or_shares() {
        for text in ["0", "-1", "many", "100001", "0%", "101%", "%"] {
            assert!(text.parse::<Sample>().is_err(), "{text}");
        }
        assert_eq!("100000".parse(), Ok(Sample::Count(100_000)));
    }
}
