//! The names of claims in other systems: `given_name` in OpenID Connect, `sn` in LDAP, `firstName` in many others.

use crate::engine::ops::foreign::plain;
use crate::schema::Schema;

/// Names, and the claims that they may mean; the first one that the schema has is suggested. Letter case, `_` and `-`
/// do not matter.
const NAMES: &[(&[&str], &[&str])] = &[
    (
        &["sub", "id", "userid", "uuid", "legacyid", "customerid", "accountid", "externalid"],
        &["external_id", "externalId", "id"],
    ),
    (
        &["preferredusername", "login", "username", "userlogin", "loginname", "uid", "samaccountname", "screenname"],
        &["username", "userName"],
    ),
    (&["userprincipalname"], &["upn", "userName"]),
    (
        &["email", "mail", "emailaddress", "primaryemail", "emailvalue", "emailaddresses", "emailid"],
        &["email.value", "emails", "email"],
    ),
    (
        &["emailverified", "emailconfirmed", "isemailverified", "mailverified", "verifiedemail"],
        &["email.verified", "email_verified"],
    ),
    (&["emails", "otheremails", "alternateemails", "secondaryemail"], &["secondary_emails", "emails"]),
    (
        &["phonenumber", "phone", "telephonenumber", "telephone", "mobile", "mobilephone", "mobilenumber", "tel"],
        &["phone.value", "phoneNumbers", "phone"],
    ),
    (&["phonenumberverified", "phoneverified", "phonenumberconfirmed"], &["phone.verified", "phone_verified"]),
    (
        &["givenname", "firstname", "forename", "fname", "first", "vorname", "prenom"],
        &["name.given", "name.givenName", "given_name", "first_name", "firstName"],
    ),
    (
        &["familyname", "lastname", "surname", "sn", "lname", "last", "nachname"],
        &["name.family", "name.familyName", "family_name", "last_name", "lastName"],
    ),
    (&["middlename", "middlenames"], &["name.middle", "name.middleName"]),
    (
        &["displayname", "fullname", "cn", "commonname", "realname", "nameformatted", "name", "formatted"],
        &["name.full", "displayName", "name.formatted", "name"],
    ),
    (&["nickname", "nick"], &["name.nickname", "nickName"]),
    (&["honorificprefix", "salutation", "nameprefix"], &["name.prefix", "name.honorificPrefix"]),
    (&["honorificsuffix", "namesuffix"], &["name.suffix", "name.honorificSuffix"]),
    (&["birthdate", "birthday", "dateofbirth", "dob"], &["birthdate"]),
    (&["gender", "sex"], &["gender"]),
    (&["locale", "language", "lang", "preferredlanguage"], &["locale", "preferredLanguage"]),
    (&["zoneinfo", "timezone", "tz"], &["zoneinfo", "timezone"]),
    (&["picture", "avatar", "photo", "avatarurl", "image", "photourl", "jpegphoto"], &["picture", "photos"]),
    (&["website", "url", "homepage", "profileurl", "profile"], &["website", "profileUrl"]),
    (
        &[
            "addressstreet",
            "addressstreetaddress",
            "streetaddress",
            "street",
            "addressline1",
            "addressstreet1",
            "address1",
        ],
        &["address.street_address", "addresses"],
    ),
    (&["addresscity", "city", "locality", "town", "l", "addresstown"], &["address.locality", "addresses"]),
    (&["addressstate", "state", "region", "province", "addressprovince"], &["address.region", "addresses"]),
    (
        &["addresspostcode", "postalcode", "postcode", "zip", "zipcode", "addresszip", "addresszipcode"],
        &["address.postal_code", "addresses"],
    ),
    (&["country", "countrycode", "addresscountrycode"], &["address.country", "addresses"]),
    (&["addressformatted"], &["address.street_address"]),
    (&["active", "enabled", "isactive", "disabled", "accountstatus", "userstatus", "blocked"], &["status", "active"]),
    (&["created", "createdat", "creationdate", "registered", "registeredat", "signupdate"], &["created_at"]),
    (&["updated", "updatedat", "modified", "modifiedat", "lastmodified", "lastupdated"], &["updated_at"]),
    (&["lastlogin", "lastloginat", "lastsignin", "lastsigninat"], &["last_login_at"]),
    (&["lastseen", "lastactive", "lastactivity", "lastaccess"], &["last_activity_at"]),
    (&["passwordchanged", "passwordlastset", "passwordupdatedat", "pwdlastset"], &["password_changed_at"]),
    (&["memberof", "group"], &["groups"]),
    (&["role", "authorities"], &["roles"]),
    (&["tag", "labels"], &["tags"]),
    (&["identities", "federatedidentities", "logins", "sociallogins"], &["external_identities"]),
    (&["multifactor", "mfafactors", "authenticators"], &["mfa"]),
];

/// The names of stored passwords, which are not claims.
const PASSWORDS: &[&str] = &["password", "passwordhash", "userpass", "userpassword", "hashedpassword", "passwd", "pwd"];

/// Names of objects with arbitrary data.
const METADATA: &[&str] = &["metadata", "usermetadata", "appmetadata", "attributes", "customattributes", "extra"];

/// How to write what has this name in another system.
pub(super) fn meant(written: &str, schema: &Schema) -> Option<String> {
    let whole = plain(written);
    if PASSWORDS.contains(&whole.as_str()) {
        return Some("a stored password is not a claim: describe it under `credential`".to_owned());
    }
    if METADATA.contains(&whole.as_str()) && schema.claim("custom").is_some() {
        return Some(format!(
            "for data that the schema has no claim for, write `custom.NAME`, such as `custom.{written}`"
        ));
    }
    claim(written, schema).map(|claim| format!("did you mean `{claim}`?"))
}

/// The claim that has this name in another system.
pub(super) fn claim(written: &str, schema: &Schema) -> Option<&'static str> {
    let (whole, last) = (plain(written), plain(written.rsplit('.').next().unwrap_or(written)));
    let candidates = |name: &str| NAMES.iter().find(|(names, _)| names.contains(&name)).map(|(_, claims)| *claims);
    let has = |claim: &&&str| **claim != written && schema.claim(claim).is_some();
    [&whole, &last].into_iter().find_map(|name| candidates(name)?.iter().find(has)).copied()
}
