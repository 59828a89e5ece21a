//! Limits on the cost of a check. A stored hash determines its own cost, so the cost is checked before any work is
//! done.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lane::JobMemory;
use super::verdict::Problem;

/// The highest cost of one check, and what else must be allowed explicitly.
///
/// Every limit names the attack it stops and the real configuration it admits. A hash above a limit is answered with
/// [`Verdict::CostRefused`](super::Verdict::CostRefused) before any memory is allocated or a round is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a presented password. Stops megabytes of "password" from using CPU time; WordPress, phpBB, Symfony and
    /// passlib also set the limit to 4096.
    pub password_bytes: usize,
    /// Bytes of a presented password for crypt(3) hashes, whose work grows with length times rounds: 70 kB cost 19 s at
    /// default rounds. Admits every passphrase that a person types.
    pub crypt_password_bytes: usize,
    /// bcrypt cost. Cost 31 runs for days; PHP 8.4 and Laravel use 12, cautious sites 14.
    pub bcrypt_cost: u32,
    /// Argon2 memory in KiB. A hash that asks for 4 TiB would end the process; RFC 9106 recommends 2 GiB at most on
    /// large machines, real stores use 19 to 512 MiB.
    pub argon2_memory_kib: u64,
    /// Argon2 passes. A little memory with 2^32 passes never ends; real stores use 1 to 10.
    pub argon2_passes: u64,
    /// Argon2 lanes. Stops 2^24 lanes; real stores use 1 to 16.
    pub argon2_lanes: u64,
    /// Argon2 memory times passes in KiB: the time of a check. 4 GiB are about three seconds.
    pub argon2_work_kib: u64,
    /// scrypt and yescrypt memory in KiB (`128·N·r`). Stops N = 2^40; OWASP's first choice needs 128 MiB.
    pub scrypt_memory_kib: u64,
    /// scrypt `p`. Stops p = 2^27; OWASP's last choice is 10.
    pub scrypt_parallelism: u64,
    /// scrypt memory times `p`, and yescrypt memory times `t + 1`, in KiB: the time of a check.
    pub scrypt_work_kib: u64,
    /// PBKDF2 iterations. Stops 2^32; Django 6 uses 1.2 million, passlib's SHA-1 1.3 million.
    pub pbkdf2_iterations: u64,
    /// PBKDF2 iterations times output blocks, since every block costs all iterations. passport-local-mongoose makes 16
    /// blocks of 25 000.
    pub pbkdf2_work: u64,
    /// Rounds of sha-crypt, sha1-crypt and SunMD5. Stops `rounds=999999999`; passlib's default is 656 000.
    pub crypt_rounds: u64,
    /// Rounds of BSDi DES crypt. Stops 2^24 - 1; BSDi uses 725, passlib 5001.
    pub des_rounds: u64,
    /// Binary logarithm of phpass and Drupal 7 rounds. Stops 2^30; Drupal 7 uses 15, phpBB 11.
    pub phpass_log2: u32,
    /// Digest calls of one check, for repeated digests and templates. Stops `repeat(4000000000, …)`; Jasypt uses 100
    /// 000, and a template may run a million rounds of a step with seven functions.
    pub digest_calls: u64,
    /// Whether stored plain text (`{CLEARTEXT}`, `{noop}`) may verify a password. Off: anybody who can read the store
    /// could log in.
    pub plain_text: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            password_bytes: 4096,
            crypt_password_bytes: 1024,
            bcrypt_cost: 16,
            argon2_memory_kib: 1 << 20,
            argon2_passes: 64,
            argon2_lanes: 64,
            argon2_work_kib: 4 << 20,
            scrypt_memory_kib: 1 << 20,
            scrypt_parallelism: 64,
            scrypt_work_kib: 4 << 20,
            pbkdf2_iterations: 10_000_000,
            pbkdf2_work: 20_000_000,
            crypt_rounds: 10_000_000,
            des_rounds: 1_000_000,
            phpass_log2: 24,
            digest_calls: 8_000_000,
            plain_text: false,
        }
    }
}

/// The cost of one check of a stored hash, read from the hash alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cost {
    /// Plain text: a comparison.
    Plain,
    /// A number of digest calls.
    Digests(u64),
    /// bcrypt with 2^n rounds.
    Bcrypt(u32),
    /// Argon2.
    Argon2 {
        /// Memory in KiB.
        memory_kib: u64,
        /// Passes over the memory.
        passes: u64,
        /// Lanes.
        lanes: u64,
    },
    /// scrypt.
    Scrypt {
        /// N, a power of two.
        n: u64,
        /// Block size.
        r: u64,
        /// Parallelism.
        p: u64,
    },
    /// yescrypt.
    Yescrypt {
        /// N, a power of two.
        n: u64,
        /// Block size.
        r: u64,
        /// Parallelism.
        p: u64,
        /// Extra time.
        t: u64,
    },
    /// PBKDF2.
    Pbkdf2 {
        /// Iterations.
        iterations: u64,
        /// Output blocks, each of which needs all iterations.
        blocks: u64,
    },
    /// A crypt(3) scheme made of digests.
    Crypt {
        /// Rounds.
        rounds: u64,
    },
    /// DES crypt.
    Des {
        /// Rounds.
        rounds: u64,
    },
    /// phpass or Drupal 7 with 2^n rounds.
    Phpass(u32),
    /// Several costs in sequence.
    Several(Vec<Cost>),
}

impl Cost {
    /// The memory of one check, in KiB, rounded up.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, .. } => *memory_kib,
            // V takes 128·r·N bytes, B takes 128·r·p, the work area two more blocks.
            Self::Scrypt { n, r, p } | Self::Yescrypt { n, r, p, .. } => {
                n.saturating_add(*p).saturating_add(2).saturating_mul(*r).saturating_add(7) / 8
            }
            Self::Several(costs) => costs.iter().map(Self::memory_kib).max().unwrap_or(0),
            Self::Bcrypt(_) => 5,
            _ => 1,
        }
    }

    /// The memory of one check for the [lane](super::lane): Argon2 uses the lane's own memory.
    #[must_use]
    pub fn memory(&self) -> JobMemory {
        let kib = u32::try_from(self.memory_kib()).unwrap_or(u32::MAX);
        if matches!(self, Self::Argon2 { .. }) { JobMemory::Workspace(kib) } else { JobMemory::Own(kib) }
    }

    /// Checks that the cost is within the limits.
    ///
    /// # Errors
    /// [`Problem::CostRefused`] for the first parameter that is out of bounds.
    pub fn within(&self, limits: &Limits) -> Result<(), Problem> {
        match self {
            Self::Plain if limits.plain_text => Ok(()),
            Self::Plain => Err(Problem::unsupported("plain text passwords are not allowed by the limits")),
            Self::Digests(calls) => at_most("digest calls", *calls, limits.digest_calls),
            Self::Bcrypt(cost) => at_most("bcrypt cost", u64::from(*cost), u64::from(limits.bcrypt_cost)),
            Self::Argon2 { memory_kib, passes, lanes } => {
                at_most("argon2 memory in KiB", *memory_kib, limits.argon2_memory_kib)?;
                at_most("argon2 passes", *passes, limits.argon2_passes)?;
                at_most("argon2 lanes", *lanes, limits.argon2_lanes)?;
                at_most("argon2 memory times passes in KiB", memory_kib.saturating_mul(*passes), limits.argon2_work_kib)
            }
            Self::Scrypt { p, .. } => self.scrypt_within(*p, *p, limits),
            Self::Yescrypt { p, t, .. } => self.scrypt_within(*p, t.saturating_add(1), limits),
            Self::Pbkdf2 { iterations, blocks } => {
                at_most("pbkdf2 iterations", *iterations, limits.pbkdf2_iterations)?;
                at_most("pbkdf2 iterations times blocks", iterations.saturating_mul(*blocks), limits.pbkdf2_work)
            }
            Self::Crypt { rounds } => at_most("crypt rounds", *rounds, limits.crypt_rounds),
            Self::Des { rounds } => at_most("des crypt rounds", *rounds, limits.des_rounds),
            Self::Phpass(log2) => at_most("phpass log2 rounds", u64::from(*log2), u64::from(limits.phpass_log2)),
            Self::Several(costs) => costs.iter().try_for_each(|cost| cost.within(limits)),
        }
    }

    fn scrypt_within(&self, parallelism: u64, times: u64, limits: &Limits) -> Result<(), Problem> {
        at_most("scrypt memory in KiB", self.memory_kib(), limits.scrypt_memory_kib.saturating_add(1024))?;
        at_most("scrypt parallelism", parallelism, limits.scrypt_parallelism)?;
        at_most("scrypt memory times work in KiB", self.memory_kib().saturating_mul(times), limits.scrypt_work_kib)
    }

    /// The longest presented password for a hash of this cost, in bytes.
    #[must_use]
    pub fn password_bytes(&self, limits: &Limits) -> usize {
        match self {
            Self::Crypt { .. } | Self::Des { .. } => limits.crypt_password_bytes.min(limits.password_bytes),
            Self::Several(costs) => {
                costs.iter().map(|cost| cost.password_bytes(limits)).min().unwrap_or(limits.password_bytes)
            }
            _ => limits.password_bytes,
        }
    }

    /// Whether the cost is too low to withstand guessing, by current advice (OWASP Password Storage Cheat Sheet).
    #[must_use]
    pub fn is_weak(&self) -> bool {
        match self {
            Self::Plain | Self::Digests(_) | Self::Des { .. } | Self::Phpass(_) => true,
            Self::Bcrypt(cost) => *cost < 10,
            Self::Argon2 { memory_kib, passes, .. } => memory_kib.saturating_mul(*passes) < 7 * 1024 * 5,
            Self::Scrypt { n, r, p } => n.saturating_mul(*r).saturating_mul(*p) < (1 << 13) * 8 * 10,
            Self::Yescrypt { n, r, .. } => n.saturating_mul(*r) < 4096 * 32,
            Self::Pbkdf2 { iterations, .. } => *iterations < 210_000,
            Self::Crypt { rounds } => *rounds < 100_000,
            Self::Several(costs) => costs.iter().all(Self::is_weak),
        }
    }
}

fn at_most(what: &str, value: u64, limit: u64) -> Result<(), Problem> {
    if value <= limit { Ok(()) } else { Err(Problem::cost(format!("{what} {value} is above the limit {limit}"))) }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("none"),
            Self::Digests(1) => f.write_str("1 digest"),
            Self::Digests(calls) => write!(f, "{calls} digests"),
            Self::Bcrypt(cost) => write!(f, "cost {cost}"),
            Self::Argon2 { memory_kib, passes, lanes } => write!(f, "m={memory_kib},t={passes},p={lanes}"),
            Self::Scrypt { n, r, p } => write!(f, "N={n},r={r},p={p}"),
            Self::Yescrypt { n, r, p, t } => write!(f, "N={n},r={r},p={p},t={t}"),
            Self::Pbkdf2 { iterations, .. } => write!(f, "{iterations} iterations"),
            Self::Crypt { rounds } | Self::Des { rounds } => write!(f, "{rounds} rounds"),
            Self::Phpass(log2) => write!(f, "2^{log2} rounds"),
            Self::Several(costs) => {
                let labels: Vec<String> = costs.iter().map(ToString::to_string).collect();
                f.write_str(&labels.join(" + "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_configurations_are_within_limits_and_hostile_ones_are_not() {
        let limits = Limits::default();
        let fine = [
            Cost::Bcrypt(14),
            Cost::Argon2 { memory_kib: 65536, passes: 3, lanes: 4 },
            Cost::Scrypt { n: 1 << 17, r: 8, p: 1 },
            Cost::Scrypt { n: 1 << 20, r: 8, p: 1 },
            Cost::Yescrypt { n: 4096, r: 32, p: 1, t: 0 },
            Cost::Pbkdf2 { iterations: 1_300_000, blocks: 1 },
            Cost::Crypt { rounds: 656_000 },
            Cost::Digests(100_000),
        ];
        for cost in fine {
            assert_eq!(cost.within(&limits), Ok(()), "{cost}");
        }
        let hostile = [
            Cost::Bcrypt(31),
            Cost::Argon2 { memory_kib: u64::MAX, passes: u64::MAX, lanes: 1 },
            Cost::Argon2 { memory_kib: 1 << 20, passes: 5, lanes: 1 },
            Cost::Scrypt { n: u64::MAX, r: u64::MAX, p: u64::MAX },
            Cost::Scrypt { n: 2, r: 1, p: 1 << 27 },
            Cost::Scrypt { n: 2, r: u64::from(u32::MAX), p: 1 },
            Cost::Yescrypt { n: 1 << 24, r: 32, p: 1, t: 0 },
            Cost::Yescrypt { n: 1 << 10, r: 32, p: 1, t: u64::MAX },
            Cost::Pbkdf2 { iterations: 1_000_000, blocks: 16384 },
            Cost::Several(vec![Cost::Digests(1), Cost::Crypt { rounds: 999_999_999 }]),
        ];
        for cost in hostile {
            assert!(matches!(cost.within(&limits), Err(Problem::CostRefused(_))), "{cost}");
        }
    }

    #[test]
    fn memory_is_counted_in_kib() {
        assert_eq!(Cost::Scrypt { n: 1 << 14, r: 8, p: 1 }.memory_kib(), 16384 + 3);
        assert_eq!(Cost::Argon2 { memory_kib: 19456, passes: 2, lanes: 1 }.memory_kib(), 19456);
    }
}
