//! Decoding: what legacy systems hide inside text, and bytes.

mod base64;
mod bytes;
mod charset;
mod cut;
mod dn;
mod dn_ops;
mod guid;
mod hex;
mod json;
mod ldap_password;
mod pairs;
mod php;
mod php_ops;
mod sid;
mod url;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &json::PARSE_JSON,
    &json::TO_JSON,
    &php_ops::ROW,
    &base64::FROM_BASE64,
    &base64::TO_BASE64,
    &hex::FROM_HEX,
    &hex::TO_HEX,
    &url::URL_DECODE,
    &url::URL_ENCODE,
    &pairs::PARSE_QUERY,
    &pairs::PARSE_KEY_VALUES,
    &dn_ops::DN_PART,
    &dn_ops::DN_PARTS,
    &dn_ops::RDN_VALUE,
    &guid::ROW,
    &sid::ROW,
    &cut::ROW,
    &charset::DECODE_TEXT,
    &charset::ENCODE_TEXT,
    &ldap_password::ROW,
];
