//! Handing over to identity providers that ask at their own login: the creation happens at the provider, and the ledger alone
//! knows of it.

mod deletion;
mod interrupted;
mod limits;
mod once;
mod pending;
mod profiles;
mod world;
