//! The requests of a target and what their answers mean, as they are written in settings and presets.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::adapters::http::shape::{ConditionSettings, PartSettings, RequestSettings, SubjectSettings, Test, whole};
use crate::settings::shown;

/// The requests of a product, and what its answers mean. An answer that no condition describes is an outage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSection {
    /// Creates an account.
    #[serde(default)]
    pub create: Option<CreateSettings>,
    /// Finds the account that Landfall created under its id. Without it an answer that was lost is repaired only at the next
    /// login, by `owner`.
    #[serde(default)]
    pub lookup: Option<LookupSettings>,
    /// Find the account that has a login of the customer, after a creation that was refused because of it: one request after
    /// the other.
    #[serde(default)]
    pub owner: Option<Vec<OwnerSettings>>,
    /// Gives the account of `owner` our id, for `link: verified_email`.
    #[serde(default)]
    pub adopt: Option<WriteSettings>,
    /// Further requests once the account exists. Each has the same effect twice; after an interruption all of them are sent
    /// again.
    #[serde(default)]
    pub steps: Option<Vec<StepSettings>>,
    /// Sets a password.
    #[serde(default)]
    pub set_password: Option<WriteSettings>,
    /// Reads an account by the product's id. `{$.field}` is a value of it in `verify`, `set_password`, `adopt` and `delete`.
    #[serde(default)]
    pub read: Option<ReadSettings>,
    /// Verifies a password at later logins.
    #[serde(default)]
    pub verify: Option<VerifySettings>,
    /// Deletes an account.
    #[serde(default)]
    pub delete: Option<WriteSettings>,
    /// Whether the system works: a request that reads, at most every ten seconds. By default whatever is at `server.url`.
    #[serde(default)]
    pub ping: Option<WriteSettings>,
    /// Stored hashes that the product takes as they are, for `landfall bulk`.
    #[serde(default)]
    pub hashes: Option<Vec<HashSettings>>,
    /// Answers to any request that mean that there are too many of them, besides the status 429.
    #[serde(default)]
    pub rate_limited_when: Option<Vec<ConditionSettings>>,
}

/// Creates an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSettings {
    /// The request. Its body is the account that the rules make, unless it has a `body` of its own.
    pub request: RequestSettings,
    /// The body, if the request has none.
    #[serde(default)]
    pub body: AccountBodySettings,
    /// Where the answer has the product's id of the new account: a path such as `$.id`, or the name of a header such as
    /// `Location`, whose last segment counts. If it has none, the account is searched by `lookup`, or without one by `owner`.
    pub id: String,
    /// Answers that mean that the account was created.
    pub created_when: Vec<ConditionSettings>,
    /// Answers that mean that an account has the id or a login already.
    pub duplicate_when: Vec<ConditionSettings>,
    /// Answers that mean that the product's policy refuses the password. The account is then created without it.
    #[serde(default)]
    pub password_refused_when: Vec<ConditionSettings>,
    /// Answers that mean that the product does not take this account, whatever the password: a fault of this record.
    #[serde(default)]
    pub rejected_when: Vec<ConditionSettings>,
}

/// The body of a creation: what the rules make, with additions. Objects are merged member by member; everything else in an
/// addition replaces what the rules made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBodySettings {
    /// Members at the top that the rules make for other requests, which use them as `{account.$.roles}`.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// What is always added.
    #[serde(default, serialize_with = "shown::optional_json")]
    pub add: Option<Json>,
    /// What is added with a password: `{password}`.
    #[serde(default, serialize_with = "shown::optional_json")]
    pub with_password: Option<Json>,
    /// What is added without one, such as `{unusable_password}` for a product that wants one.
    #[serde(default, serialize_with = "shown::optional_json")]
    pub without_password: Option<Json>,
    /// The content type. `application/json` by default.
    #[serde(default)]
    pub content_type: Option<String>,
}

/// Finds the account that Landfall created.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupSettings {
    /// The request, by `{external_id}`, or `{external_uuid}`: the same in the form of a UUID.
    pub request: RequestSettings,
    /// Where the account is in the answer: an object, or a list with none or one.
    #[serde(default = "whole")]
    pub pick: String,
    /// Where the account has `{external_id}`: another one there is an account that is not ours. Left out if the request names
    /// the account by it.
    #[serde(default, rename = "match")]
    pub matching: Option<String>,
    /// Where the account has the product's id.
    pub id: String,
    /// Answers that mean that there is none. By default the status 404, if the path names the account. An empty list
    /// always does.
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
    /// More requests, for parts of the account. `{$.id}` is a value of it. Each becomes a member of it.
    #[serde(default)]
    pub lists: BTreeMap<String, PartSettings>,
    /// Values of an account that has no password yet or whose creation was interrupted, by path. One of the list is enough.
    #[serde(default)]
    pub pending_when: Vec<BTreeMap<String, Test>>,
    /// Values of an account that is complete, if that is what shows. Without both, every account counts as complete, and no
    /// password is ever set for one that exists.
    #[serde(default)]
    pub complete_when: Vec<BTreeMap<String, Test>>,
    /// Values of an account that may not sign in.
    #[serde(default)]
    pub disabled_when: Vec<BTreeMap<String, Test>>,
}

/// Finds the account that has a login of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerSettings {
    /// The request. `{account.$.email}` is a value of what the rules made.
    pub request: RequestSettings,
    /// Where the account is in the answer: an object, or a list with none or one.
    #[serde(default = "whole")]
    pub pick: String,
    /// Where the account has the product's id.
    pub id: String,
    /// Where the account has our id, if it is ours.
    pub external_id: String,
    /// Where the account has its mail address, for `link: verified_email`.
    #[serde(default)]
    pub email: Option<String>,
    /// Values of an account whose mail address is verified, by path. One of the list is enough.
    #[serde(default)]
    pub verified_when: Vec<BTreeMap<String, Test>>,
    /// Answers that mean that there is none. By default the status 404, if the path names the account. An empty list
    /// always does.
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
}

/// A request once the account exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSettings {
    /// The request. `{id}` is the product's id, `{account.$.roles}` a value of what the rules made, `{item}` or `{item.$.id}`
    /// the element of `each`. With `{password}` it is sent only if there is one.
    pub request: RequestSettings,
    /// Where what the rules made must have something, otherwise the request is not sent.
    #[serde(default)]
    pub when: Vec<String>,
    /// Where what the rules made has a list: one request for each element.
    #[serde(default)]
    pub each: Option<String>,
    /// Whether it is only for a password that was stored and must be changed.
    #[serde(default)]
    pub must_change: bool,
    /// Answers that mean that it is done. By default every status from 200 to 299.
    #[serde(default)]
    pub done_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the product's policy refuses the password.
    #[serde(default)]
    pub password_refused_when: Vec<ConditionSettings>,
}

/// A request about an account that exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteSettings {
    /// The request. `{id}` is the product's id.
    pub request: RequestSettings,
    /// A request before `delete`, for products that delete only what was deactivated. Its answer must be a success, or mean
    /// that there is no such account.
    #[serde(default)]
    pub before: Option<RequestSettings>,
    /// For requests that replace an account as a whole: the body is the account as the product returns it, with this merged
    /// over it.
    #[serde(default, serialize_with = "shown::optional_json")]
    pub merge: Option<Json>,
    /// Members at the top that `merge` leaves out.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// Answers that mean that it is done. By default every status from 200 to 299.
    #[serde(default)]
    pub done_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that there is no such account. By default the status 404, if the path names the account.
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that the product's policy refuses the password.
    #[serde(default)]
    pub password_refused_when: Vec<ConditionSettings>,
}

/// Reads an account by the product's id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadSettings {
    /// The request, by `{id}`.
    pub request: RequestSettings,
    /// Where the account is in the answer: an object, or a list with none or one.
    #[serde(default = "whole")]
    pub pick: String,
    /// Answers that mean that there is none. By default the status 404, if the path names the account.
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
    /// Values of an account that may not sign in, for products that verify its password all the same: then the account is
    /// read before a password is verified.
    #[serde(default)]
    pub disabled_when: Vec<BTreeMap<String, Test>>,
}

/// Verifies a password at later logins: as a verifier, with the account of `read` in place of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {
    /// Parameters without which passwords are not verified: then migrated customers are refused, because their passwords are
    /// at the product.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The request. `{password}` may stand in its body or its `basic` authentication, `{id}` is the product's id, `{$.field}` a
    /// value of the account.
    pub request: RequestSettings,
    /// Answers that mean that the password is right. The status alone does not.
    pub verified_when: Vec<ConditionSettings>,
    /// Answers that mean that the password is wrong.
    pub mismatch_when: Vec<ConditionSettings>,
    /// Answers that mean that the account may not sign in, or has no password.
    #[serde(default)]
    pub unusable_when: Vec<ConditionSettings>,
    /// Answers that mean that the password is right, and that the customer must choose a new one.
    #[serde(default)]
    pub must_change_when: Vec<ConditionSettings>,
    /// Answers that mean that there is no such account.
    #[serde(default)]
    pub none_when: Vec<ConditionSettings>,
    /// A second request once the password is right, which tells whose it was.
    #[serde(default)]
    pub then: Option<RequestSettings>,
    /// Whose answer it is: without `record`, a value that must be the product's id.
    #[serde(default)]
    pub subject: Option<SubjectSettings>,
    /// Whether a status alone is enough.
    #[serde(default)]
    pub status_alone: Option<bool>,
}

/// Stored hashes that a product takes as they are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HashSettings {
    /// The schemes, as in rules.
    pub schemes: Vec<String>,
    /// A regex that the hash as one text must match. Its named groups are parts of the hash; those whose names end in
    /// `_number` are whole numbers.
    #[serde(default)]
    pub pattern: Option<String>,
    /// What is added to the body in place of `with_password`. `{hash}` is the hash as one text; `{hash.NAME}` is a part of it,
    /// such as `{hash.salt_hex}`.
    #[serde(serialize_with = "shown::optional_json")]
    pub add: Option<Json>,
}

impl TargetSection {
    /// This section, with the parts of another where this one has none.
    pub(in crate::adapters::http) fn or(self, other: Self) -> Self {
        Self {
            create: self.create.or(other.create),
            lookup: self.lookup.or(other.lookup),
            owner: self.owner.or(other.owner),
            adopt: self.adopt.or(other.adopt),
            steps: self.steps.or(other.steps),
            set_password: self.set_password.or(other.set_password),
            read: self.read.or(other.read),
            verify: self.verify.or(other.verify),
            delete: self.delete.or(other.delete),
            ping: self.ping.or(other.ping),
            hashes: self.hashes.or(other.hashes),
            rate_limited_when: self.rate_limited_when.or(other.rate_limited_when),
        }
    }
}
