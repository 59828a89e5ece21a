//! Measures how long password checks take on this machine, which determines which stored hashes a login can check and
//! when refusals are released.
//!
//! Customers have hashes of different costs. A refusal answered as soon as its own hash is done reveals that cost, and
//! whether there was a hash at all. So the most expensive admitted hash is determined before the first login: every
//! refusal is released after the time that this hash takes, and a more expensive hash is refused without being
//! computed.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::engine::plan::{DeclaredSchemes, Plan};
use crate::model::Password;
use crate::password::lane::{Decoy, Workspace};
use crate::password::store::StoreParameters;
use crate::password::{Cost, Credential, Limits, find, parse};

/// The families of primitives that a machine computes at different speeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Argon2,
    Bcrypt,
    Crypt,
    Des,
    Digest,
    Pbkdf2,
    Phpass,
    Scrypt,
    Yescrypt,
}

/// A cheap hash of each family: a few milliseconds of work.
const SAMPLES: [(Family, &str, &str); 9] = [
    (
        Family::Argon2,
        "argon2",
        "$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (Family::Bcrypt, "bcrypt", "$2b$06$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW"),
    (
        Family::Crypt,
        "sha512crypt",
        "$6$rounds=2000$saltsalt$......................................................................................",
    ),
    (Family::Des, "bsdicrypt", "_.4..saltNI0brPPaCPM"),
    (
        Family::Digest,
        "shiro1",
        "$shiro1$SHA-256$5000$kMELCr7IzfFDC0aeK1glcw==$xHW3tZWNNvqu0Kep4ugjRWX4J/9UR2eOLZBhPGGcLwA=",
    ),
    (
        Family::Pbkdf2,
        "pbkdf2",
        "$pbkdf2-sha256$i=5000,l=32$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (Family::Phpass, "phpass", "$P$B46647711V1klyitUYhtB8Yw5DMA/w."),
    (
        Family::Scrypt,
        "scrypt",
        "$scrypt$ln=12,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (Family::Yescrypt, "yescrypt", "$y$j75$saltsalt$pS04mvnP.DEZGhPQC74QhSYiitqoRpR8Mid8e3nSVeB"),
];

/// How often a sample is measured. The fastest run counts, because other load only makes it slower.
const TRIES: usize = 3;

/// The cost in units of its families.
fn work(cost: &Cost) -> Vec<(Family, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "an estimate; prices above 2^53 are refused by the limits")]
    let units = |number: u64| number as f64;
    match cost {
        Cost::Argon2 { memory_kib, passes, .. } => vec![(Family::Argon2, units(memory_kib.saturating_mul(*passes)))],
        Cost::Bcrypt(log2) => vec![(Family::Bcrypt, units(1_u64.checked_shl(*log2).unwrap_or(u64::MAX)))],
        Cost::Crypt { rounds } => vec![(Family::Crypt, units(*rounds))],
        Cost::Des { rounds } => vec![(Family::Des, units(*rounds))],
        Cost::Digests(calls) => vec![(Family::Digest, units(*calls))],
        Cost::Pbkdf2 { iterations, blocks } => vec![(Family::Pbkdf2, units(iterations.saturating_mul(*blocks)))],
        Cost::Phpass(log2) => vec![(Family::Phpass, units(1_u64.checked_shl(*log2).unwrap_or(u64::MAX)))],
        Cost::Scrypt { n, r, p } => vec![(Family::Scrypt, units(n.saturating_mul(*r).saturating_mul(*p)))],
        Cost::Yescrypt { n, r, t, .. } => {
            vec![(Family::Yescrypt, units(n.saturating_mul(*r).saturating_mul(t.saturating_add(1))))]
        }
        Cost::Several(costs) => costs.iter().flat_map(work).collect(),
        Cost::Plain => Vec::new(),
    }
}

/// The speed of this machine. Each family is measured when first needed.
#[derive(Debug, Default)]
pub(super) struct Speed {
    units: [OnceLock<f64>; SAMPLES.len()],
}

impl Speed {
    /// Estimates how long a check of this cost takes. Errs on the low side, so that nobody is refused for an affordable
    /// cost.
    pub fn estimate(&self, cost: &Cost) -> Duration {
        let seconds: f64 = work(cost).into_iter().map(|(family, units)| self.unit(family) * units).sum();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// Seconds per unit.
    fn unit(&self, family: Family) -> f64 {
        let sample = SAMPLES.iter().zip(&self.units).find(|((other, ..), _)| *other == family);
        let Some(((_, scheme, text), unit)) = sample else { return 0.0 };
        *unit.get_or_init(|| measured(scheme, text))
    }
}

fn measured(scheme: &str, text: &str) -> f64 {
    let (Ok(parsed), Ok(password)) =
        (parse(&Credential::encoded(scheme, text)), Password::new(b"a usual password".to_vec()))
    else {
        return 0.0;
    };
    let units: f64 = work(&parsed.cost()).into_iter().map(|(_, units)| units).sum();
    let mut workspace = Workspace::new();
    let fastest = fastest(|| drop(parsed.verify(&password, &Limits::default(), &mut workspace)));
    fastest.as_secs_f64() / units.max(1.0)
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let mut time = || {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..TRIES).map(|_| time()).min().unwrap_or_default()
}

/// How long one hash of the account store takes.
pub(super) fn store_time(parameters: StoreParameters) -> Duration {
    let (decoy, mut workspace) = (Decoy::new(parameters), Workspace::new());
    fastest(|| {
        // A store whose hash cannot be computed fails at the first login and reports why.
        let _ = decoy.run(b"a usual password", &mut workspace);
    })
}

/// What bounds the most expensive stored hash of the declared schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MostExpensive {
    /// There are no stored hashes.
    None,
    /// All costs are fixed by the schemes themselves, and low.
    Fixed,
    /// A stored bcrypt hash doubles its cost in steps, so there is a most expensive one that fits.
    Bcrypt,
    /// A stored hash can declare any cost.
    Named,
}

/// Schemes whose cost does not depend on the stored text.
const FIXED: [&str; 19] = [
    "md5crypt",
    "apr1",
    "descrypt",
    "cisco",
    "authme-sha256",
    "atlassian-pkcs5s2",
    "nthash",
    "lmhash",
    "mysql41",
    "mysql323",
    "mssql",
    "oracle",
    "oracle10",
    "postgres-md5",
    "digest",
    "hmac",
    "plain",
    "jasypt",
    "sunmd5-bare",
];
/// Schemes based on bcrypt.
const BCRYPT: [&str; 3] = ["bcrypt", "bcrypt-sha256", "auth0-bcrypt"];

impl MostExpensive {
    /// Determines it from the stored hashes that the rules declare.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        match plan.declared_schemes() {
            DeclaredSchemes::Nothing => Self::None,
            DeclaredSchemes::Told => Self::Named,
            DeclaredSchemes::Named(schemes) => {
                let counts = ["iterations", "parameters"].iter().any(|part| plan.credential_has(part));
                schemes.iter().map(|scheme| Self::of_scheme(scheme, counts)).fold(Self::None, Self::more_expensive)
            }
        }
    }

    /// `counts` is set if the rules provide a number of rounds beside the text.
    fn of_scheme(scheme: &str, counts: bool) -> Self {
        match find(scheme).map_or("", |info| info.name) {
            name if FIXED.contains(&name) && !counts => Self::Fixed,
            name if BCRYPT.contains(&name) => Self::Bcrypt,
            _ => Self::Named,
        }
    }

    /// The more expensive of two.
    #[must_use]
    pub fn more_expensive(self, other: Self) -> Self {
        let rank = |most_expensive: Self| match most_expensive {
            Self::None => 0,
            Self::Fixed => 1,
            Self::Bcrypt => 2,
            Self::Named => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// The time limits of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSettings {
    /// How long a whole login may take.
    pub deadline: Duration,
    /// The longest check of one stored hash, if the operator sets it.
    pub longest_check: Option<Duration>,
}

/// Which checks are admitted, and when refusals are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The longest check of one stored hash; a hash estimated to take longer is refused.
    pub longest_check: Duration,
    /// The time of one hash of the account store.
    pub store_hash: Duration,
    /// The earliest time at which refusals are released: the longest check, one hash of the store, and the rest of a
    /// login. Never later than the deadline.
    pub release: Duration,
}

/// The longest check that needs no declaration: digests, and crypt(3) schemes with fixed rounds.
const FIXED_CHECK: Duration = Duration::from_millis(50);
/// The longest check of all, below the time limit of a verifier call.
const LONGEST_CHECK: Duration = Duration::from_secs(4);
/// The time reserved for the fetch, the rules and the ledger: a tenth of the deadline, within these bounds.
const REST: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(150));
/// The costs of bcrypt.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=31;

impl Admission {
    /// Calculates what fits within the deadline.
    pub(super) fn new(
        most_expensive: MostExpensive,
        store_hash: Duration,
        settings: TimeSettings,
        speed: &Speed,
    ) -> Self {
        let rest = (settings.deadline / 10).clamp(REST.0, REST.1);
        let fits = settings.deadline.saturating_sub(store_hash + rest).min(LONGEST_CHECK);
        let longest_check = match (most_expensive, settings.longest_check) {
            (MostExpensive::None, _) => Duration::ZERO,
            (_, Some(longest)) => longest.min(fits),
            (MostExpensive::Fixed, None) => FIXED_CHECK.min(fits),
            (MostExpensive::Bcrypt, None) => most_expensive_bcrypt(fits, speed),
            (MostExpensive::Named, None) => fits,
        };
        let release = (longest_check + store_hash + rest).min(settings.deadline);
        Self { longest_check, store_hash, release }
    }
}

/// The most expensive bcrypt hash that fits, plus a quarter to allow for a busy machine.
fn most_expensive_bcrypt(fits: Duration, speed: &Speed) -> Duration {
    let times = BCRYPT_COSTS.map(|cost| speed.estimate(&Cost::Bcrypt(cost)));
    let most_expensive = times.take_while(|time| *time <= fits).last().unwrap_or(fits);
    (most_expensive + most_expensive / 4).max(FIXED_CHECK).min(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_millis(1500);
    const STORE: Duration = Duration::from_millis(40);

    fn admission(most_expensive: MostExpensive, longest_check: Option<Duration>) -> Admission {
        Admission::new(most_expensive, STORE, TimeSettings { deadline: DEADLINE, longest_check }, &Speed::default())
    }

    #[test]
    fn every_family_is_measured() {
        let speed = Speed::default();
        for (family, scheme, text) in SAMPLES {
            let parsed = parse(&Credential::encoded(scheme, text)).unwrap();
            assert_eq!(work(&parsed.cost()).first().map(|(family, _)| *family), Some(family), "{scheme}");
            let time = speed.estimate(&parsed.cost());
            assert!(time > Duration::from_micros(10) && time < Duration::from_secs(1), "{scheme}: {time:?}");
        }
        let twice = Cost::Several(vec![Cost::Bcrypt(9), Cost::Bcrypt(9)]);
        let difference = speed.estimate(&twice).abs_diff(speed.estimate(&Cost::Bcrypt(10)));
        assert!(difference < Duration::from_micros(1));
    }

    #[test]
    fn refusals_wait_for_the_most_expensive_hash_and_never_past_the_deadline() {
        let named = admission(MostExpensive::Named, None);
        assert_eq!((named.longest_check, named.release), (Duration::from_millis(1310), DEADLINE));
        let set = admission(MostExpensive::Named, Some(Duration::from_millis(300)));
        assert_eq!((set.longest_check, set.release), (Duration::from_millis(300), Duration::from_millis(490)));
        let fixed = admission(MostExpensive::Fixed, None);
        assert_eq!((fixed.longest_check, fixed.release), (FIXED_CHECK, Duration::from_millis(240)));
        assert_eq!(admission(MostExpensive::None, None).longest_check, Duration::ZERO);
        let bcrypt = admission(MostExpensive::Bcrypt, None);
        assert!(bcrypt.longest_check >= FIXED_CHECK && bcrypt.longest_check <= named.longest_check, "{bcrypt:?}");
        let unbounded = admission(MostExpensive::Named, Some(Duration::from_secs(60)));
        assert_eq!(unbounded, named);
    }

    #[test]
    fn names_of_fixed_schemes_exist() {
        for name in FIXED.iter().chain(&BCRYPT) {
            assert_eq!(find(name).map(|info| info.name), Some(*name));
        }
        assert_eq!(MostExpensive::of_scheme("md5", false), MostExpensive::Fixed);
        assert_eq!(MostExpensive::of_scheme("md5", true), MostExpensive::Named);
        assert_eq!(MostExpensive::of_scheme("phpass", false), MostExpensive::Named);
    }
}
