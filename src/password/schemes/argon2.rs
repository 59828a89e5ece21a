//! Argon2 (RFC 9106): `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::encoding::{from_base64, same, to_base64_unpadded};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{Parameters, decoded};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// An Argon2 hash, from any format.
#[derive(Clone)]
pub(super) struct Stored {
    pub algorithm: Algorithm,
    pub version: Version,
    pub memory_kib: u64,
    pub passes: u64,
    pub lanes: u64,
    pub key_id: Option<String>,
    pub data: Vec<u8>,
    pub salt: Vec<u8>,
    pub hash: Vec<u8>,
    pub secret: Zeroizing<Vec<u8>>,
}

/// Parses scheme `argon2`: the text, or the parts `variant`, `version`, `memory`, `passes`, `lanes`, `salt`, `hash`;
/// and what the application stored separately: the secret (`secret` or `pepper`) and the associated data (`ad`).
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let (mut stored, is_text) = match credential.whole()? {
        Some(text) => (Stored::read(text)?, true),
        None => (Stored::read_parts(credential)?, false),
    };
    stored.secret = credential.pepper()?.unwrap_or_default();
    stored.associate(credential.bytes("ad", "utf8")?)?;
    let stored = stored.keyed()?;
    if is_text { Ok(Box::new(stored)) } else { Ok(Box::new(Nameless(stored))) }
}

/// An Argon2 text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    Ok(Box::new(Stored::read(text)?.keyed()?))
}

/// The variant for a suffix: `d`, `i` or `id`.
pub(super) fn variant(name: &str) -> Result<Algorithm, Problem> {
    match name {
        "d" => Ok(Algorithm::Argon2d),
        "i" => Ok(Algorithm::Argon2i),
        "id" => Ok(Algorithm::Argon2id),
        "" => Err(Problem::malformed("the argon2 variant is missing")),
        _ => Err(Problem::unsupported("unknown argon2 variant")),
    }
}

impl Stored {
    /// Parses a PHC text. Without `v=` the version is 0x10, as in all texts older than the second version.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split('$');
        let name = parts.nth(1).unwrap_or_default();
        let algorithm = variant(name.strip_prefix("argon2").ok_or(Problem::malformed("this is not an argon2 hash"))?)?;
        let mut next = || parts.next().ok_or(Problem::malformed("the argon2 hash is missing parts"));
        let mut parameters = next()?;
        let mut version = Version::V0x10;
        if let Some(number) = parameters.strip_prefix("v=") {
            version = match number {
                "19" => Version::V0x13,
                "16" => Version::V0x10,
                _ => return Err(Problem::unsupported("unknown argon2 version")),
            };
            parameters = next()?;
        }
        let (salt, hash) = (next()?, next()?);
        if parts.next().is_some() {
            return Err(Problem::malformed("the argon2 hash has too many parts"));
        }
        let parameters = Parameters::read(parameters, &["m", "t", "p", "keyid", "data"])?;
        let stored = Self {
            algorithm,
            version,
            memory_kib: parameters.positive("m")?,
            passes: parameters.positive("t")?,
            lanes: parameters.positive("p")?,
            key_id: parameters.text("keyid").map(str::to_owned),
            data: decoded("argon2 data", from_base64(parameters.text("data").unwrap_or_default()))?,
            salt: decoded("argon2 salt", from_base64(salt))?,
            hash: decoded("argon2 hash", from_base64(hash))?,
            secret: Zeroizing::default(),
        };
        stored.checked()
    }

    /// Parses named parts. The memory is in KiB; without `variant`, the name of the scheme determines it.
    fn read_parts(credential: &Credential) -> Result<Self, Problem> {
        let named = credential.text(&["variant", "type"])?.unwrap_or(credential.scheme()).to_ascii_lowercase();
        let letters = named.strip_prefix("argon2").unwrap_or(&named);
        let version = match credential.number(&["version", "v"])? {
            None | Some(19) => Version::V0x13,
            Some(16) => Version::V0x10,
            Some(_) => return Err(Problem::unsupported("unknown argon2 version")),
        };
        let missing = |part: &str| Problem::malformed(format!("the part `{part}` is missing"));
        let stored = Self {
            algorithm: variant(if letters.is_empty() { "id" } else { letters })?,
            version,
            memory_kib: credential.required_number(&["memory", "m"])?,
            passes: credential.required_number(&["passes", "iterations", "t"])?,
            lanes: credential.number(&["lanes", "parallelism", "p"])?.unwrap_or(1),
            key_id: None,
            data: Vec::new(),
            salt: credential.bytes("salt", "utf8")?.ok_or_else(|| missing("salt"))?,
            hash: credential.bytes("hash", "hex")?.ok_or_else(|| missing("hash"))?,
            secret: Zeroizing::default(),
        };
        if stored.passes == 0 || stored.lanes == 0 {
            return Err(Problem::malformed("passes and lanes must be at least one"));
        }
        stored.checked()
    }

    /// Sets the associated data that is stored beside the text.
    fn associate(&mut self, data: Option<Vec<u8>>) -> Result<(), Problem> {
        let Some(data) = data else { return Ok(()) };
        if !self.data.is_empty() && self.data != data {
            return Err(Problem::malformed("the part `ad` differs from the data in the argon2 hash"));
        }
        self.data = data;
        Ok(())
    }

    /// Checks that every input of the hash is available and accepted by Argon2.
    fn keyed(self) -> Result<Self, Problem> {
        if self.key_id.is_some() && self.secret.is_empty() {
            return Err(Problem::malformed("the argon2 hash has a key id, but the part `secret` is missing"));
        }
        if self.data.len() > AssociatedData::MAX_LEN {
            let most = AssociatedData::MAX_LEN;
            return Err(Problem::unsupported(format!("the associated data has more than {most} bytes")));
        }
        Ok(self)
    }

    /// Checks the parameters against RFC 9106, section 3.1.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        if self.lanes.checked_mul(8).is_none_or(|least| self.memory_kib < least) {
            return Err(Problem::malformed("argon2 needs 8 KiB of memory for each lane"));
        }
        if self.salt.len() < 8 {
            return Err(Problem::malformed("the argon2 salt is shorter than 8 bytes"));
        }
        Ok(self)
    }

    /// The raw output for a password.
    pub(super) fn output(&self, attempt: &mut Attempt<'_>) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let broken = |_| Problem::malformed("invalid combination of argon2 parameters");
        let small =
            |number: u64| u32::try_from(number).map_err(|_| Problem::cost("an argon2 parameter exceeds 32 bits"));
        let params = ParamsBuilder::new()
            .m_cost(small(self.memory_kib)?)
            .t_cost(small(self.passes)?)
            .p_cost(small(self.lanes)?)
            .data(AssociatedData::new(&self.data).map_err(broken)?)
            .output_len(self.hash.len())
            .build()
            .map_err(broken)?;
        let blocks = attempt.workspace.blocks(params.block_count());
        let blocks = blocks.map_err(|_| Problem::cost("not enough memory for this hash"))?;
        let hasher = if self.secret.is_empty() {
            Argon2::new(self.algorithm, self.version, params)
        } else {
            Argon2::new_with_secret(&self.secret, self.algorithm, self.version, params).map_err(broken)?
        };
        let mut output = Zeroizing::new(vec![0; self.hash.len()]);
        hasher.hash_password_into_with_memory(attempt.password, &self.salt, &mut output, blocks).map_err(broken)?;
        Ok(output)
    }
}

impl StoredHash for Stored {
    fn cost(&self) -> Cost {
        Cost::Argon2 { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.output(attempt) {
            Ok(output) => Verdict::match_if(same(&output, &self.hash)),
            Err(problem) => problem.into(),
        }
    }

    fn canonical(&self) -> Option<String> {
        let version = if self.version == Version::V0x13 { "$v=19" } else { "$v=16" };
        let key_id = self.key_id.as_ref().map(|id| format!(",keyid={id}")).unwrap_or_default();
        let data =
            if self.data.is_empty() { String::new() } else { format!(",data={}", to_base64_unpadded(&self.data)) };
        Some(format!(
            "${}{version}$m={},t={},p={}{key_id}{data}${}${}",
            self.algorithm.as_str(),
            self.memory_kib,
            self.passes,
            self.lanes,
            to_base64_unpadded(&self.salt),
            to_base64_unpadded(&self.hash),
        ))
    }
}

/// An Argon2 hash in named parts, which has no text.
pub(super) struct Nameless(pub Stored);

impl StoredHash for Nameless {
    fn cost(&self) -> Cost {
        self.0.cost()
    }

    fn length(&self) -> HashLength {
        self.0.length()
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        self.0.check(attempt)
    }
}
