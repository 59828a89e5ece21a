//! `landfall demo`: a fictional shop, the real login in front of it, and a page to watch customers migrate.

pub mod again;
pub mod bridge;
pub mod folder;
pub mod kept;
pub mod mapping;
pub mod page;
pub mod record;
pub mod routes;
pub mod rules;
pub mod samples;
pub mod shop;
pub mod step_text;
pub mod switch;
pub mod watch;
pub mod world;
