//! yescrypt, the crypt(3) default of current Linux distributions: `$y$j9T$salt$hash` (openwall.com/yescrypt), and the
//! `$gy$` of ALT Linux, which wraps it in GOST R 34.11-2012 (libxcrypt, `crypt-gost-yescrypt.c`).

use yescrypt::{Mode, Params};
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{crypt64_character, crypt64_value, from_crypt64, same, to_crypt64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded, exactly, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

use super::scrypt::{power_of_two, reserve};

/// How the output is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outer {
    /// The output itself.
    None,
    /// An HMAC of the output, with a key derived from password and settings.
    Gost,
}

struct Yescrypt {
    outer: Outer,
    flavor: u32,
    mode: Mode,
    log2_n: u32,
    r: u32,
    p: u32,
    t: u32,
    salt: Vec<u8>,
    hash: [u8; 32],
}

/// Parses scheme `yescrypt`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// A yescrypt text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let (outer, rest) = match text.strip_prefix("$gy$") {
        Some(rest) => (Outer::Gost, rest),
        None => (Outer::None, after(text, "$y$")?),
    };
    let [parameters, salt, hash] = split::<3>(rest, '$')?;
    let salt = decoded("yescrypt salt", from_crypt64(salt))?;
    let hash = exactly("yescrypt hash", decoded("yescrypt hash", from_crypt64(hash))?)?;
    let mut numbers = Numbers(parameters.as_bytes());
    let flavor = numbers.next(0)?;
    let (log2_n, r) = (numbers.next(1)?, numbers.next(1)?);
    let optional = if numbers.0.is_empty() { 0 } else { numbers.next(1)? };
    let mut when =
        |bit: u32, least: u32, default: u32| if optional & bit == 0 { Ok(default) } else { numbers.next(least) };
    let (p, t, g, rom) = (when(1, 2, 1)?, when(2, 1, 0)?, when(4, 1, 0)?, when(8, 1, 0)?);
    if !numbers.0.is_empty() {
        return Err(Problem::malformed("unexpected text after the yescrypt parameters"));
    }
    if g != 0 || rom != 0 {
        return Err(Problem::unsupported("yescrypt hash upgrades and ROMs are not supported"));
    }
    let mode = Mode::try_from(flavor).map_err(|_| Problem::unsupported("unknown yescrypt flavor"))?;
    let n = power_of_two(u64::from(log2_n))?;
    if n < 2 || (mode.is_rw() && n / u64::from(p) < 2) {
        return Err(Problem::malformed("invalid combination of yescrypt parameters"));
    }
    Ok(Box::new(Yescrypt { outer, flavor, mode, log2_n, r, p, t, salt, hash }))
}

/// yescrypt's numbers: small ones take one character, larger ones take more.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn character(&mut self) -> Result<u32, Problem> {
        let (first, rest) = self.0.split_first().ok_or(Problem::malformed("the yescrypt parameters are too short"))?;
        self.0 = rest;
        crypt64_value(*first)
            .map(u32::from)
            .ok_or(Problem::malformed("the yescrypt parameters have characters outside of their alphabet"))
    }

    fn next(&mut self, least: u32) -> Result<u32, Problem> {
        let first = self.character()?;
        let (mut start, mut end, mut characters, mut bits, mut number) = (0_u32, 47_u32, 1_u32, 0_u32, least);
        while first > end {
            number = number.saturating_add((end + 1 - start).saturating_mul(1 << bits));
            start = end + 1;
            end = start + (62 - end) / 2;
            characters += 1;
            bits += 6;
        }
        number = number.saturating_add((first - start).saturating_mul(1 << bits));
        for _ in 1..characters {
            bits -= 6;
            number = number.saturating_add(self.character()? << bits);
        }
        Ok(number)
    }
}

/// The inverse of [`Numbers::next`].
fn print_number(number: u32, least: u32) -> String {
    let (mut start, mut end, mut characters, mut bits) = (0_u32, 47_u32, 1_u32, 0_u32);
    let mut rest = number.saturating_sub(least);
    loop {
        let count = (end + 1 - start) << bits;
        if rest < count || start >= 63 {
            break;
        }
        start = end + 1;
        end = start + (62 - end) / 2;
        rest -= count;
        characters += 1;
        bits += 6;
    }
    let mut text = String::from(crypt64_character(u64::from(start + (rest >> bits))));
    for _ in 1..characters {
        bits -= 6;
        text.push(crypt64_character(u64::from(rest >> bits)));
    }
    text
}

impl Yescrypt {
    fn output(&self, password: &[u8]) -> Result<Zeroizing<[u8; 32]>, Problem> {
        let broken = |_| Problem::malformed("invalid combination of yescrypt parameters");
        let n = power_of_two(u64::from(self.log2_n))?;
        let params = Params::new_with_all_params(self.mode, n, self.r, self.p, self.t, 0).map_err(broken)?;
        reserve(self.cost().memory_kib())?;
        let mut output = Zeroizing::new([0; 32]);
        yescrypt::yescrypt(password, &self.salt, &params, output.as_mut_slice()).map_err(broken)?;
        Ok(output)
    }

    /// The text before the hash, without the `$` between them.
    fn settings(&self) -> String {
        let mut text =
            print_number(self.flavor, 0) + print_number(self.log2_n, 1).as_str() + print_number(self.r, 1).as_str();
        let optional = u32::from(self.p != 1) | u32::from(self.t != 0) << 1;
        if optional != 0 {
            text += &print_number(optional, 1);
        }
        if self.p != 1 {
            text += &print_number(self.p, 2);
        }
        if self.t != 0 {
            text += &print_number(self.t, 1);
        }
        let prefix = if self.outer == Outer::Gost { "$gy$" } else { "$y$" };
        format!("{prefix}{text}${}", to_crypt64(&self.salt))
    }

    fn verdict(&self, password: &[u8], output: &[u8]) -> Verdict {
        if self.outer == Outer::None {
            return Verdict::match_if(same(output, &self.hash));
        }
        let gost = Digest::Streebog256;
        let key = gost.hmac(&gost.hash(&[password]), &[self.settings().as_bytes()]);
        Verdict::match_if(same(&gost.hmac(&key, &[output]), &self.hash))
    }
}

impl StoredHash for Yescrypt {
    fn cost(&self) -> Cost {
        let n = 1_u64.checked_shl(self.log2_n).unwrap_or(u64::MAX);
        Cost::Yescrypt { n, r: u64::from(self.r), p: u64::from(self.p), t: u64::from(self.t) }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.output(attempt.password) {
            Ok(output) => self.verdict(attempt.password, output.as_slice()),
            Err(problem) => problem.into(),
        }
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}${}", self.settings(), to_crypt64(&self.hash)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for number in (1..5000).chain([65_535, 1 << 20]) {
            let text = print_number(number, 1);
            assert_eq!(Numbers(text.as_bytes()).next(1), Ok(number), "{text}");
        }
    }
}
