//! Static tables: countries, time zone names of other systems, language subtags.

pub mod countries;
pub mod rails_zones;
pub mod subtags;
pub mod windows_zones;
