//! What settings are made of: units, secrets, and the findings about them. Adapters declare their own settings with these
//! parts, and `config` composes `landfall.yaml` from the declarations.

mod adapter;
mod folder;
mod reporter;
mod secret;
pub(crate) mod shown;
pub mod units;

pub use adapter::{AdapterSettings, FileSetting, FileUse, SecretSetting, SecretUse};
pub use folder::folder_of;
pub use reporter::{Report, Reporter};
pub use secret::{MAX_SECRET_BYTES, Secret, SecretError, address};
pub use units::{Network, NetworkError};
