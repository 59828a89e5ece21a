//! scrypt (RFC 7914): PHC text, `$7$`, Better Auth, and named parts.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::encoding::{
    crypt64_value, from_base64, from_crypt64, from_crypt64_number, from_hex, same, to_base64_unpadded, to_crypt64,
    to_crypt64_number,
};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{Parameters, after, decoded, split};
use crate::password::stored::{Attempt, ParseResult, Prepared, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// The text format of a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `$scrypt$ln=,r=,p=$salt$hash`
    Phc,
    /// `$7$`
    Seven,
    /// No text, or one that another parser prints.
    Other,
}

/// The parameters and bytes of an scrypt hash.
pub(super) struct Scrypt {
    pub n: u64,
    pub r: u64,
    pub p: u64,
    pub salt: Vec<u8>,
    pub hash: Vec<u8>,
    pub spelling: Spelling,
}

/// Parses scheme `scrypt`: the PHC text (`$7$` too), or parts `n`, `r`, `p`, `salt`, `hash`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let stored = match credential.whole()? {
        Some(text) if text.starts_with("$7$") => read_seven(text)?,
        Some(text) => read_phc(text)?,
        None => read_parts(credential)?,
    };
    Ok(Box::new(stored))
}

/// Parses scheme `scrypt-mcf7`.
pub(super) fn parse_seven(credential: &Credential) -> ParseResult {
    Ok(Box::new(read_seven(credential.required()?)?))
}

/// Parses scheme `better-auth`: `salt:key` in hexadecimal, where the salt is used as text.
pub(super) fn parse_better_auth(credential: &Credential) -> ParseResult {
    let [salt, key] = split::<2>(credential.required()?, ':')?;
    decoded("salt", from_hex(salt))?;
    let hash = decoded("key", from_hex(key))?;
    let salt = salt.as_bytes().to_vec();
    let inner = Scrypt { n: 16384, r: 16, p: 1, salt, hash, spelling: Spelling::Other }.boxed()?;
    Ok(Prepared::boxed(inner, Box::new(|password| Ok(nfkc(password)))))
}

/// The password in NFKC; bytes that are not text are left unchanged.
fn nfkc(password: &[u8]) -> Zeroizing<Vec<u8>> {
    match std::str::from_utf8(password) {
        Ok(text) => Zeroizing::new(text.nfkc().collect::<String>().into_bytes()),
        Err(_) => Zeroizing::new(password.to_vec()),
    }
}

/// 2 to the power of `log2`, at most 2^63.
pub(super) fn power_of_two(log2: u64) -> Result<u64, Problem> {
    u32::try_from(log2)
        .ok()
        .and_then(|log2| 1_u64.checked_shl(log2))
        .ok_or(Problem::malformed("the scrypt work factor exceeds 2^63"))
}

fn read_phc(text: &str) -> Result<Scrypt, Problem> {
    let [parameters, salt, hash] = split::<3>(after(text, "$scrypt$")?, '$')?;
    let parameters = Parameters::read(parameters, &["ln", "r", "p"])?;
    let ln = parameters.positive("ln")?;
    // Ory Kratos writes N itself where PHC has its logarithm; a logarithm above 63 can only be N.
    let n = if ln > 63 { ln } else { power_of_two(ln)? };
    let (r, p) = (parameters.positive("r")?, parameters.positive("p")?);
    let salt = decoded("scrypt salt", from_base64(salt))?;
    let hash = decoded("scrypt hash", from_base64(hash))?;
    Scrypt { n, r, p, salt, hash, spelling: Spelling::Phc }.checked()
}

/// Parses the Kratos format: `ln` above 40 is N, because no real hash uses 2^41.
pub(super) fn parse_kratos(text: &str) -> ParseResult {
    let [parameters, salt, hash] = split::<3>(after(text, "$scrypt$")?, '$')?;
    let parameters = Parameters::read(parameters, &["ln", "r", "p"])?;
    let ln = parameters.positive("ln")?;
    let n = if ln > 40 { ln } else { power_of_two(ln)? };
    let (r, p) = (parameters.positive("r")?, parameters.positive("p")?);
    let salt = decoded("scrypt salt", from_base64(salt))?;
    let hash = decoded("scrypt hash", from_base64(hash))?;
    Scrypt { n, r, p, salt, hash, spelling: Spelling::Other }.boxed()
}

/// Parses `$7$`: one character of log2 N, five of r, five of p, the salt as text, the hash.
fn read_seven(text: &str) -> Result<Scrypt, Problem> {
    let broken = || Problem::malformed("the parameters have characters outside of the crypt alphabet");
    let [setting, hash] = split::<2>(after(text, "$7$")?, '$')?;
    let (log2, rest) = setting.split_at_checked(1).ok_or_else(broken)?;
    let (r, rest) = rest.split_at_checked(5).ok_or_else(broken)?;
    let (p, salt) = rest.split_at_checked(5).ok_or_else(broken)?;
    let log2 = log2.bytes().next().and_then(crypt64_value).ok_or_else(broken)?;
    let stored = Scrypt {
        n: power_of_two(u64::from(log2))?,
        r: from_crypt64_number(r).ok_or_else(broken)?,
        p: from_crypt64_number(p).ok_or_else(broken)?,
        salt: salt.as_bytes().to_vec(),
        hash: decoded("scrypt hash", from_crypt64(hash))?,
        spelling: Spelling::Seven,
    };
    if stored.hash.len() != 32 {
        return Err(Problem::malformed("the scrypt hash does not have 32 bytes"));
    }
    stored.checked()
}

fn read_parts(credential: &Credential) -> Result<Scrypt, Problem> {
    credential.confirm("scrypt")?;
    let missing = || Problem::malformed("the part `hash` is missing");
    let hash = credential.bytes("hash", "hex")?.ok_or_else(missing)?;
    if credential.number(&["keylen", "key_length", "dklen"])?.is_some_and(|length| !is_length(length, &hash)) {
        return Err(Problem::malformed("the key length differs from the hash"));
    }
    Scrypt {
        n: credential.required_number(&["n", "N", "cost"])?,
        r: credential.number(&["r", "block_size", "blockSize"])?.unwrap_or(8),
        p: credential.number(&["p", "parallelization", "parallelism"])?.unwrap_or(1),
        salt: credential.bytes("salt", "utf8")?.unwrap_or_default(),
        hash,
        spelling: Spelling::Other,
    }
    .checked()
}

/// Whether a declared length is the length of the bytes.
pub(super) fn is_length(declared: u64, bytes: &[u8]) -> bool {
    usize::try_from(declared) == Ok(bytes.len())
}

impl Scrypt {
    /// Checks the parameters against RFC 7914, section 6.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        if !self.n.is_power_of_two() || self.n < 2 {
            return Err(Problem::malformed("the scrypt work factor is not a power of two above one"));
        }
        if self.r == 0 || self.p == 0 {
            return Err(Problem::malformed("scrypt r and p must be at least one"));
        }
        if self.hash.is_empty() {
            return Err(Problem::malformed("the scrypt hash is empty"));
        }
        Ok(self)
    }

    /// The boxed hash, after checks.
    pub(super) fn boxed(self) -> ParseResult {
        Ok(Box::new(self.checked()?))
    }
}

/// scrypt of a password, after checking that its memory can be allocated: the crate itself would end the process.
pub(super) fn derive(password: &[u8], salt: &[u8], cost: &Cost, length: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let Cost::Scrypt { n, r, p } = *cost else { return Err(Problem::malformed("this is not an scrypt hash")) };
    let broken = || Problem::malformed("invalid combination of scrypt parameters");
    let log2 = u8::try_from(n.trailing_zeros()).map_err(|_| broken())?;
    let (r, p) = (u32::try_from(r).map_err(|_| broken())?, u32::try_from(p).map_err(|_| broken())?);
    reserve(cost.memory_kib())?;
    let params = scrypt::Params::new(log2, r, p).map_err(|_| broken())?;
    let mut output = Zeroizing::new(vec![0; length]);
    scrypt::scrypt(password, salt, &params, &mut output).map_err(|_| broken())?;
    Ok(output)
}

/// Checks that this much memory can be allocated.
pub(super) fn reserve(kib: u64) -> Result<(), Problem> {
    let unavailable = || Problem::cost("not enough memory for this hash");
    let bytes = kib.checked_mul(1024).and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(unavailable)?;
    Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| unavailable())
}

impl StoredHash for Scrypt {
    fn cost(&self) -> Cost {
        Cost::Scrypt { n: self.n, r: self.r, p: self.p }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match derive(attempt.password, &self.salt, &self.cost(), self.hash.len()) {
            Ok(output) => Verdict::match_if(same(&output, &self.hash)),
            Err(problem) => problem.into(),
        }
    }

    fn canonical(&self) -> Option<String> {
        let log2 = u64::from(self.n.trailing_zeros());
        match self.spelling {
            Spelling::Phc => Some(format!(
                "$scrypt$ln={log2},r={},p={}${}${}",
                self.r,
                self.p,
                to_base64_unpadded(&self.salt),
                to_base64_unpadded(&self.hash)
            )),
            Spelling::Seven => Some(format!(
                "$7${}{}{}{}${}",
                to_crypt64_number(log2, 1),
                to_crypt64_number(self.r, 5),
                to_crypt64_number(self.p, 5),
                String::from_utf8_lossy(&self.salt),
                to_crypt64(&self.hash)
            )),
            Spelling::Other => None,
        }
    }
}
