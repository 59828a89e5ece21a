//! Argon2 (RFC 9106): `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::encoding::{from_base64, same, to_base64_unpadded};
use crate::password::limits::Cost;
use crate::password::parts::{Parameters, decoded};
use crate::password::stored::{Attempt, StoredHash, Understood};
use crate::password::verdict::{Problem, Verdict};

/// An Argon2 hash, from whatever spelling.
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

/// Reads format `argon2`: the text, and optionally the secret (`pepper`) that the application keyed it with.
pub(super) fn parse(credential: &Credential) -> Understood {
    let mut stored = Stored::read(credential.required()?)?;
    stored.secret = Zeroizing::new(credential.pepper()?.unwrap_or_default().as_bytes().to_vec());
    Ok(Box::new(stored))
}

/// An Argon2 text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> Understood {
    Ok(Box::new(Stored::read(text)?))
}

/// The variant of that letter: `d`, `i` or `id`.
pub(super) fn variant(name: &str) -> Result<Algorithm, Problem> {
    match name {
        "d" => Ok(Algorithm::Argon2d),
        "i" => Ok(Algorithm::Argon2i),
        "id" => Ok(Algorithm::Argon2id),
        "" => Err(Problem::malformed("the argon2 variant is missing")),
        _ => Err(Problem::unsupported("this argon2 variant is not known")),
    }
}

impl Stored {
    /// Reads a PHC text. Without `v=` the version is 0x10, as all files older than the second version are.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split('$');
        let name = parts.nth(1).unwrap_or_default();
        let algorithm = variant(name.strip_prefix("argon2").ok_or(Problem::malformed("this is not argon2"))?)?;
        let mut next = || parts.next().ok_or(Problem::malformed("the argon2 hash has parts missing"));
        let mut parameters = next()?;
        let mut version = Version::V0x10;
        if let Some(number) = parameters.strip_prefix("v=") {
            version = match number {
                "19" => Version::V0x13,
                "16" => Version::V0x10,
                _ => return Err(Problem::unsupported("this argon2 version is not known")),
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

    /// Holds the parameters against the bounds of RFC 9106, section 3.1.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        if self.lanes.checked_mul(8).is_none_or(|least| self.memory_kib < least) {
            return Err(Problem::malformed("argon2 needs 8 KiB of memory for each lane"));
        }
        if self.salt.len() < 8 {
            return Err(Problem::malformed("the argon2 salt is shorter than 8 bytes"));
        }
        if self.hash.len() < 4 {
            return Err(Problem::malformed("the argon2 hash is shorter than 4 bytes"));
        }
        Ok(self)
    }

    /// The raw output for a password.
    pub(super) fn output(&self, attempt: &mut Attempt<'_>) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let broken = |_| Problem::malformed("the argon2 parameters do not fit together");
        let small =
            |number: u64| u32::try_from(number).map_err(|_| Problem::cost("an argon2 parameter is beyond 32 bits"));
        let params = ParamsBuilder::new()
            .m_cost(small(self.memory_kib)?)
            .t_cost(small(self.passes)?)
            .p_cost(small(self.lanes)?)
            .data(AssociatedData::new(&self.data).map_err(broken)?)
            .output_len(self.hash.len())
            .build()
            .map_err(broken)?;
        let blocks = attempt.workspace.blocks(params.block_count());
        let blocks = blocks.map_err(|_| Problem::cost("the memory for this hash is not there"))?;
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

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.output(attempt) {
            Ok(output) => Verdict::proof(same(&output, &self.hash)),
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

/// An Argon2 hash that came in named parts, so that it has no text.
pub(super) struct Nameless(pub Stored);

impl StoredHash for Nameless {
    fn cost(&self) -> Cost {
        self.0.cost()
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        self.0.check(attempt)
    }
}
