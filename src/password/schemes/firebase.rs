//! Firebase's own scrypt (github.com/firebase/scrypt): AES-256-CTR of the project's signer key with an scrypt key.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::encoding::{from_base64, same};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{Parameters, after, decoded, number, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

use super::scrypt::{derive, power_of_two};

struct Firebase {
    n: u64,
    rounds: u64,
    parallelism: u64,
    /// Salt and separator, one after the other.
    salt: Vec<u8>,
    signer_key: Zeroizing<Vec<u8>>,
    hash: Vec<u8>,
}

/// The parts of any format, still in base64.
struct Texts<'a> {
    mem_cost: u64,
    rounds: u64,
    parallelism: u64,
    salt: &'a str,
    separator: &'a str,
    signer_key: &'a str,
    hash: &'a str,
}

/// Parses scheme `firebase-scrypt`: the parts of a Firebase export, or the text of Ory Kratos, Supabase, WorkOS, Clerk
/// or SuperTokens (whose signer key is in its configuration).
pub(super) fn parse(credential: &Credential) -> ParseResult {
    match credential.whole()? {
        Some(text) if credential.number(&MEMORY_COST)?.is_none() => boxed(text, credential.text(&SIGNER_KEY)?),
        _ => from_parts(credential)?.parsed(),
    }
}

const MEMORY_COST: [&str; 4] = ["mem_cost", "memCost", "memoryCost", "memory_cost"];

const SIGNER_KEY: [&str; 3] = ["signer_key", "base64_signer_key", "signerKey"];

/// Any text format as a boxed stored hash.
pub(super) fn boxed(text: &str, signer_key: Option<&str>) -> ParseResult {
    let texts = if let Some(rest) = text.strip_prefix("$firescrypt$") {
        kratos(rest)?
    } else if let Some(rest) = text.strip_prefix("$fbscrypt$") {
        supabase(rest)?
    } else if let Some(rest) = text.strip_prefix("$firebase-scrypt$") {
        workos(rest)?
    } else if let Some(rest) = text.strip_prefix("$f_scrypt$") {
        supertokens(rest, signer_key)?
    } else {
        clerk(text)?
    };
    texts.parsed()
}

fn kratos(text: &str) -> Result<Texts<'_>, Problem> {
    let [parameters, salt, hash, separator, signer_key] = split::<5>(text, '$')?;
    let parameters = Parameters::read(parameters, &["ln", "r", "p"])?;
    let (mem_cost, rounds, parallelism) =
        (parameters.positive("ln")?, parameters.positive("r")?, parameters.positive("p")?);
    Ok(Texts { mem_cost, rounds, parallelism, salt, separator, signer_key, hash })
}

fn supabase(text: &str) -> Result<Texts<'_>, Problem> {
    let [parameters, salt, hash] = split::<3>(text, '$')?;
    let parameters = Parameters::read(parameters, &["v", "n", "r", "p", "ss", "sk"])?;
    if parameters.text("v").is_some_and(|version| version != "1") {
        return Err(Problem::unsupported("unknown version of fbscrypt"));
    }
    Ok(Texts {
        mem_cost: parameters.positive("n")?,
        rounds: parameters.positive("r")?,
        parallelism: parameters.text("p").map_or(Ok(1), |_| parameters.positive("p"))?,
        salt,
        separator: parameters.text("ss").unwrap_or_default(),
        signer_key: parameters.text("sk").ok_or(Problem::malformed("the signer key is missing"))?,
        hash,
    })
}

fn workos(text: &str) -> Result<Texts<'_>, Problem> {
    let part = |name: &str| {
        let found = text.split('$').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| Problem::malformed(format!("the part `{name}` is missing")))
    };
    Ok(Texts {
        mem_cost: number("memory cost", part("m")?)?,
        rounds: number("number of rounds", part("r")?)?,
        parallelism: 1,
        salt: part("salt")?,
        separator: part("ss")?,
        signer_key: part("sk")?,
        hash: part("hash")?,
    })
}

fn supertokens<'a>(text: &'a str, signer_key: Option<&'a str>) -> Result<Texts<'a>, Problem> {
    let [hash, salt, mem_cost, rounds, separator] = split::<5>(text, '$')?;
    Ok(Texts {
        mem_cost: number("memory cost", after(mem_cost, "m=")?)?,
        rounds: number("number of rounds", after(rounds, "r=")?)?,
        parallelism: 1,
        salt,
        separator: after(separator, "s=")?,
        signer_key: signer_key.ok_or(Problem::malformed("the signer key is missing"))?,
        hash,
    })
}

fn clerk(text: &str) -> Result<Texts<'_>, Problem> {
    let [hash, salt, signer_key, separator, rounds, mem_cost] = split::<6>(text, '$')?;
    let (mem_cost, rounds) = (number("memory cost", mem_cost)?, number("number of rounds", rounds)?);
    Ok(Texts { mem_cost, rounds, parallelism: 1, salt, separator, signer_key, hash })
}

fn from_parts(credential: &Credential) -> Result<Texts<'_>, Problem> {
    Ok(Texts {
        mem_cost: credential.required_number(&MEMORY_COST)?,
        rounds: credential.number(&["rounds"])?.unwrap_or(8),
        parallelism: 1,
        salt: credential.text(&["salt", "passwordSalt"])?.unwrap_or_default(),
        separator: credential.text(&["salt_separator", "base64_salt_separator", "saltSeparator"])?.unwrap_or_default(),
        signer_key: credential.required_text(&SIGNER_KEY)?,
        hash: credential.required_text(&["hash", "passwordHash", "encoded", "value"])?,
    })
}

impl Texts<'_> {
    fn parsed(&self) -> ParseResult {
        let mut salt = decoded("salt", from_base64(self.salt))?;
        salt.extend(decoded("salt separator", from_base64(self.separator))?);
        let signer_key = Zeroizing::new(decoded("signer key", from_base64(self.signer_key))?);
        let hash = decoded("hash", from_base64(self.hash))?;
        if self.mem_cost == 0 || self.rounds == 0 {
            return Err(Problem::malformed("the memory cost and the rounds must be at least one"));
        }
        if hash.is_empty() || hash.len() != signer_key.len() {
            return Err(Problem::malformed("the hash must be as long as the signer key"));
        }
        let n = power_of_two(self.mem_cost)?;
        Ok(Box::new(Firebase { n, rounds: self.rounds, parallelism: self.parallelism, salt, signer_key, hash }))
    }
}

impl Firebase {
    fn output(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let key = derive(password, &self.salt, &self.cost(), 32)?;
        let mut output = self.signer_key.clone();
        let mut cipher =
            Ctr128BE::<Aes256>::new_from_slices(&key, &[0; 16]).map_err(|_| Problem::malformed("invalid AES key"))?;
        cipher.apply_keystream(&mut output);
        Ok(output)
    }
}

impl StoredHash for Firebase {
    fn cost(&self) -> Cost {
        Cost::Scrypt { n: self.n, r: self.rounds, p: self.parallelism }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.output(attempt.password) {
            Ok(output) => Verdict::match_if(same(&output, &self.hash)),
            Err(problem) => problem.into(),
        }
    }
}
