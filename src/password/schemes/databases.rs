//! The user tables of databases: MySQL, SQL Server, Oracle, PostgreSQL.

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex, same, to_base64, to_utf16le};
use crate::password::length::{HashLength, MYSQL_323, ORACLE_10};
use crate::password::limits::Cost;
use crate::password::parts::{after, cut, decoded, exactly, positive, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Lossy, Problem, Verdict};

use super::des::Des;
use super::digest::Digested;
use super::pbkdf2::{Pbkdf2, Spelling};

/// Parses scheme `mysql41`: `*` and the hexadecimal SHA-1 of the SHA-1 (MySQL 4.1 `PASSWORD()`).
pub(super) fn parse_mysql41(credential: &Credential) -> ParseResult {
    let text = after(credential.required()?, "*")?;
    let hash = decoded("hash", from_hex(text))?;
    let printed = format!("*{}", hex::encode_upper(&hash));
    let mut digested = Digested::between(Digest::Sha1, &[], &[], hash);
    digested.again = 1;
    digested.printed(printed).boxed()
}

struct Mysql323 {
    hash: [u8; 8],
}

/// Parses scheme `mysql323`: 16 hexadecimal digits (`OLD_PASSWORD()`).
pub(super) fn parse_mysql323(credential: &Credential) -> ParseResult {
    let hash = decoded("hash", from_hex(credential.required()?))?;
    Ok(Box::new(Mysql323 { hash: exactly("hash", hash)? }))
}

impl StoredHash for Mysql323 {
    fn cost(&self) -> Cost {
        Cost::Digests(1)
    }

    fn length(&self) -> HashLength {
        HashLength::Shorter(MYSQL_323, self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let (mut first, mut add, mut second) = (0x5030_5735_u32, 7_u32, 0x1234_5671_u32);
        let is_space = |byte: &u8| *byte == b' ' || *byte == b'\t';
        for byte in attempt.password.iter().filter(|byte| !is_space(byte)) {
            let byte = u32::from(*byte);
            first ^= (first & 63).wrapping_add(add).wrapping_mul(byte).wrapping_add(first << 8);
            second = second.wrapping_add(second << 8 ^ first);
            add = add.wrapping_add(byte);
        }
        let output = [(first & 0x7fff_ffff).to_be_bytes(), (second & 0x7fff_ffff).to_be_bytes()];
        let loss = attempt.password.iter().any(is_space).then_some(Lossy::Spaces);
        Verdict::match_if(same(output.as_flattened(), &self.hash)).with_loss(loss)
    }

    fn canonical(&self) -> Option<String> {
        Some(hex::encode(self.hash))
    }
}

struct Mssql {
    digest: Digest,
    salt: Vec<u8>,
    hash: Vec<u8>,
    /// SQL Server 2000 stored a second hash, of the upper-case password.
    upper: Option<Vec<u8>>,
}

/// Parses scheme `mssql`: `0x0100` (SHA-1; 2000 and 2005) and `0x0200` (SHA-512; since 2012).
pub(super) fn parse_mssql(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let bytes = decoded("hash", from_hex(hex.ok_or(Problem::malformed("the hash does not start with `0x`"))?))?;
    let (version, rest) = cut(&bytes, 2)?;
    let (salt, hashes) = cut(rest, 4)?;
    let digest = match version {
        [1, 0] => Digest::Sha1,
        [2, 0] => Digest::Sha512,
        _ => return Err(Problem::unsupported("unknown SQL Server version")),
    };
    let (hash, upper) = cut(hashes, digest.size())?;
    let upper = match (digest, upper.len()) {
        (_, 0) => None,
        (Digest::Sha1, 20) => Some(upper.to_vec()),
        _ => return Err(Problem::malformed("the length of the hash does not match its digest")),
    };
    Ok(Box::new(Mssql { digest, salt: salt.to_vec(), hash: hash.to_vec(), upper }))
}

impl StoredHash for Mssql {
    fn cost(&self) -> Cost {
        Cost::Digests(2)
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let Some(password) = to_utf16le(attempt.password) else { return Verdict::Mismatch };
        if same(&self.digest.hash(&[&password, &self.salt]), &self.hash) {
            return Verdict::Match;
        }
        let (Some(upper), Ok(text)) = (&self.upper, std::str::from_utf8(attempt.password)) else {
            return Verdict::Mismatch;
        };
        let folded = Zeroizing::new(text.to_uppercase());
        let Some(folded) = to_utf16le(folded.as_bytes()) else { return Verdict::Mismatch };
        // A server with a case-insensitive collation compared this half only.
        Verdict::match_if(same(&self.digest.hash(&[&folded, &self.salt]), upper)).with_loss(Some(Lossy::Case))
    }

    fn canonical(&self) -> Option<String> {
        let version = if self.digest == Digest::Sha1 { "0100" } else { "0200" };
        let bytes = [self.salt.as_slice(), &self.hash, self.upper.as_deref().unwrap_or_default()].concat();
        Some(format!("0x{version}{}", hex::encode_upper(bytes)))
    }
}

/// The bytes that Oracle 12c appends to the salt.
const ORACLE_12_SALT: &[u8] = b"AUTH_PBKDF2_SPEEDY_KEY";

/// Parses scheme `oracle`: `S:` (11g, SHA-1) or `T:` (12c), or both in one text, of which `T:` is used.
pub(super) fn parse_oracle(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let part = |name: &str| text.split(';').map(str::trim).find_map(|part| part.strip_prefix(name));
    if let Some(hex) = part("T:") {
        let bytes = decoded("hash", from_hex(hex))?;
        let (hash, salt) = cut(&bytes, 64)?;
        if salt.len() != 16 {
            return Err(Problem::malformed("the hash does not have 80 bytes"));
        }
        return Ok(Box::new(Oracle12 { hash: hash.to_vec(), salt: salt.to_vec() }));
    }
    let bytes = decoded("hash", from_hex(part("S:").ok_or(Problem::malformed("the hash has neither `S:` nor `T:`"))?))?;
    let (hash, salt) = cut(&bytes, 20)?;
    if salt.len() != 10 {
        return Err(Problem::malformed("the hash does not have 30 bytes"));
    }
    Digested::between(Digest::Sha1, &[], salt, hash.to_vec())
        .printed(format!("S:{}", hex::encode_upper(&bytes)))
        .boxed()
}

struct Oracle12 {
    hash: Vec<u8>,
    salt: Vec<u8>,
}

impl StoredHash for Oracle12 {
    fn cost(&self) -> Cost {
        Cost::Pbkdf2 { iterations: 4096, blocks: 1 }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let mut key = Zeroizing::new([0; 64]);
        let salt = [self.salt.as_slice(), ORACLE_12_SALT].concat();
        Digest::Sha512.pbkdf2(attempt.password, &salt, 4096, key.as_mut_slice());
        Verdict::match_if(same(&Digest::Sha512.hash(&[key.as_slice(), &self.salt]), &self.hash))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("T:{}{}", hex::encode_upper(&self.hash), hex::encode_upper(&self.salt)))
    }
}

struct Oracle10 {
    user: String,
    hash: [u8; 8],
}

/// Parses scheme `oracle10`: 16 hexadecimal digits and the user name, which is hashed with the password.
pub(super) fn parse_oracle10(credential: &Credential) -> ParseResult {
    let hash = exactly("hash", decoded("hash", from_hex(credential.required()?))?)?;
    let user = credential
        .username()?
        .ok_or(Problem::malformed("the user name is missing, which is hashed with the password"))?;
    Ok(Box::new(Oracle10 { user: user.to_owned(), hash }))
}

/// The last block of a DES-CBC encryption without initial vector.
fn cbc(key: u64, blocks: &[u64]) -> u64 {
    let des = Des::new(key);
    blocks.iter().fold(0, |last, block| des.encrypt(last ^ block))
}

impl StoredHash for Oracle10 {
    fn cost(&self) -> Cost {
        Cost::Des { rounds: 2 }
    }

    fn length(&self) -> HashLength {
        HashLength::Shorter(ORACLE_10, self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let Ok(password) = std::str::from_utf8(attempt.password) else { return Verdict::Mismatch };
        let text = Zeroizing::new(format!("{}{password}", self.user).to_uppercase());
        let units: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
        let block =
            |units: &[u16]| (0..4).fold(0, |block, at| block << 16 | u64::from(units.get(at).copied().unwrap_or(0)));
        let blocks: Zeroizing<Vec<u64>> = Zeroizing::new(units.chunks(4).map(block).collect());
        let output = cbc(cbc(0x0123_4567_89ab_cdef, &blocks), &blocks);
        let loss = password.chars().any(char::is_alphabetic).then_some(Lossy::Case);
        Verdict::match_if(same(&output.to_be_bytes(), &self.hash)).with_loss(loss)
    }

    fn ignores_part(&self) -> bool {
        true
    }
}

/// Parses scheme `postgres-md5`: `md5` and the hexadecimal MD5 of password and user name.
pub(super) fn parse_postgres_md5(credential: &Credential) -> ParseResult {
    let hash = decoded("hash", from_hex(after(credential.required()?, "md5")?))?;
    let user = credential
        .username()?
        .ok_or(Problem::malformed("the user name, which is hashed with the password, is missing"))?;
    let printed = format!("md5{}", hex::encode(&hash));
    Digested::between(Digest::Md5, &[], user.as_bytes(), hash).printed(printed).boxed()
}

struct Scram {
    name: String,
    pbkdf2: Pbkdf2,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// Parses scheme `scram`: `SCRAM-SHA-256$iterations:salt$stored:server` (RFC 5803; PostgreSQL's `pg_authid`).
pub(super) fn parse_scram(credential: &Credential) -> ParseResult {
    let [name, salted, keys] = split::<3>(credential.required()?, '$')?;
    let digest = Digest::named(after(name, "SCRAM-")?).ok_or(Problem::unsupported("unknown SCRAM digest"))?;
    let [iterations, salt] = split::<2>(salted, ':')?;
    let [stored_key, server_key] = split::<2>(keys, ':')?;
    let stored_key = decoded("stored key", from_base64(stored_key))?;
    let server_key = decoded("server key", from_base64(server_key))?;
    if stored_key.len() != digest.size() || server_key.len() != digest.size() {
        return Err(Problem::malformed("the length of the keys does not match their digest"));
    }
    let iterations = positive("number of iterations", iterations)?;
    let salt = decoded("salt", from_base64(salt))?;
    let pbkdf2 = Pbkdf2 { digest, iterations, salt, hash: vec![0; digest.size()], spelling: Spelling::Other };
    Ok(Box::new(Scram { name: name.to_owned(), pbkdf2, stored_key, server_key }))
}

impl StoredHash for Scram {
    fn cost(&self) -> Cost {
        self.pbkdf2.cost()
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.stored_key.len().min(self.server_key.len()))
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let salted = match self.pbkdf2.derive(attempt.password) {
            Ok(salted) => salted,
            Err(problem) => return problem.into(),
        };
        let digest = self.pbkdf2.digest;
        let stored_key = digest.hash(&[&digest.hmac(&salted, &[b"Client Key"])]);
        let server_key = digest.hmac(&salted, &[b"Server Key"]);
        Verdict::match_if(same(&stored_key, &self.stored_key) & same(&server_key, &self.server_key))
    }

    fn canonical(&self) -> Option<String> {
        let Pbkdf2 { iterations, salt, .. } = &self.pbkdf2;
        let [salt, stored, server] = [salt, &self.stored_key, &self.server_key].map(|bytes| to_base64(bytes));
        Some(format!("{}${iterations}:{salt}${stored}:{server}", self.name))
    }
}
