//! The names that legacy systems use for the claims of the standard schema, in lower case without separators.

/// What a claim contains; this decides the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Id,
    Username,
    Text,
    Mail,
    Mails,
    Flag,
    Phone,
    Birthdate,
    Time,
    Gender,
    Locale,
    Zone,
    Address,
    Country,
    Words,
    Status,
    Password,
}

/// A claim, what it contains, and the names of its fields, most likely first.
pub(super) struct Known {
    pub claim: &'static str,
    pub holds: Holds,
    pub names: &'static [&'static str],
}

const fn known(claim: &'static str, holds: Holds, names: &'static [&'static str]) -> Known {
    Known { claim, holds, names }
}

/// The claims in the order in which they are written. A field is used for the first claim that it fits.
#[rustfmt::skip]
pub(super) const CLAIMS: &[Known] = &[
    known("external_id", Holds::Id, &["id", "userid", "sub", "uuid", "guid", "entityid", "customerid", "accountid", "localid", "objectguid", "entryuuid", "objectid", "legacyid", "memberid", "customerno", "customernumber", "memberno", "membernumber", "kundennummer", "number", "uid"]),
    known("credential", Holds::Password, &["passwordhash", "hashedpassword", "encryptedpassword", "password", "userpass", "userpassword", "pass", "passwd", "pwd", "passwordhashed", "passwordvalue", "custompasswordhash", "hash"]),
    known("username", Holds::Username, &["username", "userlogin", "login", "loginname", "samaccountname", "preferredusername", "uid", "screenname", "handle", "userid"]),
    known("upn", Holds::Text, &["userprincipalname", "upn"]),
    known("email.value", Holds::Mail, &["email", "mail", "useremail", "emailaddress", "primaryemail", "usermail", "emailvalue", "email1"]),
    known("email.verified", Holds::Flag, &["emailverified", "isemailverified", "mailverified", "emailconfirmed", "mailconfirmed", "emailvalidated", "verifiedemail"]),
    known("secondary_emails", Holds::Mails, &["secondemail", "secondaryemail", "alternateemail", "recoveryemail", "otheremail", "email2", "backupemail"]),
    known("phone.value", Holds::Phone, &["phonenumber", "phone", "mobilephone", "mobile", "mobilenumber", "telephonenumber", "telephone", "tel", "cellphone", "cell", "primaryphone", "billingphone"]),
    known("phone.verified", Holds::Flag, &["phonenumberverified", "phoneverified", "isphoneverified", "phoneconfirmed", "mobileverified"]),
    known("name.prefix", Holds::Text, &["honorificprefix", "salutation", "nameprefix"]),
    known("name.given", Holds::Text, &["givenname", "firstname", "given", "first", "fname", "forename", "prename", "vorname", "billingfirstname"]),
    known("name.middle", Holds::Text, &["middlename", "middle"]),
    known("name.family", Holds::Text, &["familyname", "lastname", "surname", "sn", "family", "last", "lname", "nachname", "billinglastname"]),
    known("name.suffix", Holds::Text, &["honorificsuffix", "namesuffix"]),
    known("name.full", Holds::Text, &["displayname", "fullname", "name", "formatted", "cn", "commonname", "realname"]),
    known("name.nickname", Holds::Text, &["nickname", "nick"]),
    known("birthdate", Holds::Birthdate, &["birthdate", "birthday", "dateofbirth", "dob", "bday", "birth", "born"]),
    known("gender", Holds::Gender, &["gender", "sex"]),
    known("locale", Holds::Locale, &["locale", "preferredlanguage", "language", "lang", "preferredlocale", "userlanguage"]),
    known("zoneinfo", Holds::Zone, &["zoneinfo", "timezone", "tz", "usertimezone"]),
    known("picture", Holds::Address, &["picture", "avatar", "avatarurl", "photourl", "pictureurl", "photo", "profilepicture", "profileimage", "imageurl", "image"]),
    known("website", Holds::Address, &["website", "homepage", "userurl", "websiteurl", "url", "profileurl"]),
    known("address.street_address", Holds::Text, &["streetaddress", "street", "address1", "addressline1", "billingaddress1", "line1", "postaladdress"]),
    known("address.locality", Holds::Text, &["locality", "city", "town", "billingcity", "l"]),
    known("address.region", Holds::Text, &["region", "province", "stateorprovince", "provincecode", "st", "county", "billingstate"]),
    known("address.postal_code", Holds::Text, &["postalcode", "zip", "zipcode", "postcode", "billingpostcode", "plz"]),
    known("address.country", Holds::Country, &["countrycode", "country", "billingcountry", "co", "c"]),
    known("status", Holds::Status, &["status", "enabled", "disabled", "blocked", "isactive", "active", "isblocked", "isdisabled", "isenabled", "accountenabled", "suspended", "banned", "block", "userstatus", "accountstatus", "state", "locked", "islocked", "nonlocked", "deactivated", "inactive"]),
    known("must_change_password", Holds::Flag, &["mustchangepassword", "forcepasswordchange", "changepasswordatnextlogin", "passwordchangerequired"]),
    known("created_at", Holds::Time, &["createdat", "created", "createdon", "creationdate", "createddate", "datecreated", "userregistered", "registerdate", "registeredat", "registered", "datejoined", "whencreated", "createtimestamp", "createdtimestamp", "usercreatedate", "creationtime", "signupdate", "createtime"]),
    known("updated_at", Holds::Time, &["updatedat", "lastupdated", "updated", "updatedon", "modified", "modifiedat", "lastmodified", "datemodified", "whenchanged", "modifytimestamp", "userlastmodifieddate", "lastmodifieddate"]),
    known("last_login_at", Holds::Time, &["lastloginat", "lastlogin", "lastlogindate", "lastlogon", "lastlogontimestamp", "lastsigninat", "lastsignedinat", "lastvisitdate", "currentsigninat", "lastlogintime"]),
    known("last_activity_at", Holds::Time, &["lastactivityat", "lastactivity", "lastseen", "lastseenat", "access", "lastaccess", "lastaccessed"]),
    known("password_changed_at", Holds::Time, &["passwordchangedat", "passwordchanged", "pwdlastset", "pwdchangedtime", "lastpasswordchange", "lastpasswordreset", "passwordupdatedat", "passwordlastchanged"]),
    known("roles", Holds::Words, &["roles", "role", "realmroles", "wpcapabilities", "capabilities", "usertype", "userrole", "userroles"]),
    known("groups", Holds::Words, &["groups", "group", "memberof", "groupnames", "usergroups"]),
    known("tags", Holds::Words, &["tags", "tag", "labels"]),
];

/// Parts of the names of fields that contain secrets, which no account needs.
const SECRETS: [&str; 14] = [
    "token",
    "session",
    "secret",
    "apikey",
    "activationkey",
    "resetkey",
    "recoverycode",
    "privatekey",
    "nonce",
    "authkey",
    "otp",
    "cookie",
    "securityanswer",
    "salt",
];

/// Parts of the names of flags that bar an account from signing in.
const NEGATIVE: [&str; 8] =
    ["disabled", "block", "suspended", "banned", "locked", "deactivated", "inactive", "deleted"];

/// Whether a flag of this name bars its customer from signing in. Spring's `accountNonLocked` does not.
pub(super) fn is_negative(name: &str) -> bool {
    NEGATIVE.iter().any(|part| {
        name.split_once(part).is_some_and(|(before, _)| !["non", "not", "un"].iter().any(|no| before.ends_with(no)))
    })
}

/// Words of statuses, in lower case without separators, with their meanings.
pub(super) const STATUSES: [(&str, &str); 25] = [
    ("active", "active"),
    ("activated", "active"),
    ("enabled", "active"),
    ("confirmed", "active"),
    ("ok", "active"),
    ("provisioned", "active"),
    ("verified", "active"),
    ("normal", "active"),
    ("live", "active"),
    ("disabled", "disabled"),
    ("inactive", "disabled"),
    ("deactivated", "disabled"),
    ("suspended", "disabled"),
    ("blocked", "disabled"),
    ("banned", "disabled"),
    ("deprovisioned", "disabled"),
    ("archived", "disabled"),
    ("closed", "disabled"),
    ("deleted", "disabled"),
    ("terminated", "disabled"),
    ("compromised", "disabled"),
    ("locked", "locked"),
    ("lockedout", "locked"),
    ("frozen", "locked"),
    ("passwordlocked", "locked"),
];

/// A name in lower case without separators: `userEmail`, `user_email` and `User E-Mail` become equal.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How well a field's name fits a claim: its position in the claim's names; smaller is better.
pub(super) fn fit(known: &Known, name: &str, parent: &str) -> Option<usize> {
    let name = plain(name);
    let position = |name: &str| known.names.iter().position(|known| *known == name);
    // a name that any object may have counts only in an object that describes the person, not in `provider.name`
    let parent = plain(parent);
    let is_person = parent.is_empty() || PERSONS.contains(&parent.as_str());
    if !is_person && WORDS_OF_ALL.contains(&name.as_str()) {
        return position(&format!("{parent}{name}"));
    }
    if name.ends_with("capabilities") && known.claim == "roles" {
        return Some(known.names.len());
    }
    let both = if is_person { name.clone() } else { format!("{parent}{name}") };
    let bare = ["user", "customer", "profile", "account", "default", "custom"].iter().find_map(|prefix| {
        let rest = name.strip_prefix(prefix)?;
        position(rest).map(|at| at + 50)
    });
    position(&name).or_else(|| position(&both)).or(bare)
}

/// Objects that describe the person.
const PERSONS: [&str; 12] = [
    "user",
    "profile",
    "customer",
    "account",
    "person",
    "traits",
    "entity",
    "attributes",
    "meta",
    "member",
    "identity",
    "data",
];

/// Names that any object may have.
const WORDS_OF_ALL: [&str; 8] = ["id", "name", "url", "status", "state", "number", "hash", "image"];

/// Whether a field's name says that it contains a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str, parent: &str) -> Vec<&'static str> {
        CLAIMS.iter().filter(|known| fit(known, name, parent).is_some()).map(|known| known.claim).collect()
    }

    #[test]
    fn names_are_known_in_many_spellings() {
        for (name, parent, wanted) in [
            ("user_email", "", "email.value"),
            ("E-Mail", "", "email.value"),
            ("sAMAccountName", "", "username"),
            ("givenName", "name", "name.given"),
            ("Last Name", "", "name.family"),
            ("_hashed_password", "", "credential"),
            ("lastLogonTimestamp", "", "last_login_at"),
            ("wp_capabilities", "meta", "roles"),
            ("customer_city", "", "address.locality"),
            ("name", "profile", "name.full"),
            ("value", "password", "credential"),
            ("shop7_capabilities", "meta", "roles"),
        ] {
            assert!(claim(name, parent).contains(&wanted), "{name}: {:?}", claim(name, parent));
        }
        assert!(claim("shoe_size", "").is_empty() && claim("name", "provider").is_empty());
        assert_eq!(claim("name", "user"), ["name.full"]);
        assert!(is_secret("user_activation_key") && is_secret("_session_token") && !is_secret("email"));
    }
}
