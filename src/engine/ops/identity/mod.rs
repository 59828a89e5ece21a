//! Email addresses, phone numbers, places, languages, ids.

mod country;
mod domain;
mod email;
mod gender;
mod ip_address;
mod language;
mod locale;
mod phone;
mod phone_plan;
mod phone_text;
mod tables;
mod time_zone;
mod url;
mod username;
mod uuid;

#[cfg(feature = "login")]
pub(crate) use phone::one_spelling as one_phone;
#[cfg(feature = "login")]
pub(crate) use username::{UsernameError, one_spelling as one_username};

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &email::EMAIL,
    &email::EMAIL_DOMAIN,
    &email::EMAIL_LOCAL,
    &phone::PHONE,
    &username::USERNAME,
    &gender::GENDER,
    &locale::LOCALE,
    &language::LANGUAGE,
    &country::COUNTRY,
    &time_zone::TIME_ZONE,
    &url::URL,
    &domain::DOMAIN,
    &ip_address::IP_ADDRESS,
    &uuid::UUID,
    &uuid::UUID_V5,
];
