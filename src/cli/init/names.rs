//! The names that legacy systems use for the claims of the standard schema, in lower case without separators.

use super::words::{place, plain, variants};

/// What a claim contains; this decides the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Id,
    Username,
    Text,
    Salutation,
    Region,
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
    known("external_id", Holds::Id, &["id", "userid", "sub", "uuid", "guid", "entityid", "customerid", "accountid", "localid", "objectguid", "entryuuid", "objectid", "nsuniqueid", "ipauniqueid", "legacyid", "originaluserid", "originalid", "memberid", "customerno", "customernumber", "customernr", "memberno", "membernumber", "kundennummer", "kundennr", "kundenr", "kdnr", "kunnr", "mitgliedsnummer", "idcustomer", "iduser", "idmember", "idclient", "clientid", "contactid", "personid", "number", "pk", "oid", "uid", "objectsid"]),
    known("credential", Holds::Password, &["passwordhash", "hashedpassword", "encryptedpassword", "cryptedpassword", "password", "userpass", "userpassword", "pass", "passwd", "pwd", "passwordhashed", "passwordvalue", "custompasswordhash", "passwordencrypted", "bcryptpassword", "passhash", "passwdhash", "pwdhash", "hashpassword", "passwort", "passworthash", "kennwort", "motdepasse", "contrasena", "wachtwoord", "memberpassword", "hash"]),
    known("username", Holds::Username, &["username", "userlogin", "login", "loginname", "samaccountname", "preferredusername", "uid", "screenname", "handle", "userid", "loginid", "logonname", "logon", "accountname", "membername", "uname", "benutzername", "anmeldename", "nutzername", "identifiant", "usuario", "gebruikersnaam"]),
    known("upn", Holds::Text, &["userprincipalname", "upn"]),
    known("email.value", Holds::Mail, &["email", "mail", "useremail", "emailaddress", "primaryemail", "usermail", "emailvalue", "email1", "emailaddr", "mailaddress", "mailaddr", "emailadresse", "mailadresse", "smtpaddr", "smtpaddress", "adressemail", "courriel", "correo", "correoelectronico", "emailid"]),
    known("email.verified", Holds::Flag, &["emailverified", "isemailverified", "mailverified", "emailconfirmed", "mailconfirmed", "emailvalidated", "verifiedemail", "isemailconfirmed", "emailisverified", "confirmedemail", "verified", "isverified", "confirmed", "isconfirmed", "validated", "emailverifiedat", "emailconfirmedat", "verifiedat", "confirmedat", "emailverifieddate", "emailverificationdate", "emailaddressverified", "emailprimaryverified", "bestatigt", "bestaetigt", "emailbestatigt", "emailbestaetigt", "mailbestatigt", "mailbestaetigt", "verifiziert", "emailverifiziert", "mailverifiziert", "verifie", "emailverifie", "confirme", "emailconfirme", "courrielverifie", "verificado", "emailverificado", "correoverificado", "confirmado", "emailconfirmado", "correoconfirmado", "verificato", "emailverificata", "confermato", "emailconfermata", "geverifieerd", "emailgeverifieerd", "bevestigd", "emailbevestigd", "verifierad", "bekraftad", "bekraeftet", "zweryfikowany", "potwierdzony", "overeno", "potvrzeno"]),
    known("secondary_emails", Holds::Mails, &["secondemail", "secondaryemail", "alternateemail", "alternativeemail", "recoveryemail", "otheremail", "othermail", "mailalternateaddress", "email2", "backupemail"]),
    known("phone.value", Holds::Phone, &["phonenumber", "mobilephone", "mobilephonenumber", "mobile", "mobilenumber", "phone", "phonemobile", "phone1", "telephonenumber", "telephone", "tel", "cellphone", "cell", "primaryphone", "billingphone", "mobil", "mobiltelefon", "mobilnummer", "handy", "handynummer", "telefon", "telefonnummer", "telefonnr", "telf1", "telnumber", "telnr", "phoneno", "mobileno", "msisdn", "contactnumber", "telefono", "homephone", "phone2"]),
    known("phone.verified", Holds::Flag, &["phonenumberverified", "phoneverified", "isphoneverified", "phoneconfirmed", "phonenumberconfirmed", "mobileverified", "mobilenumberverified", "phoneverifiedat", "phonenumberverifiedat", "phoneconfirmedat"]),
    known("name.prefix", Holds::Text, &["honorificprefix", "salutation", "nameprefix", "anrede", "civility"]),
    known("name.prefix", Holds::Salutation, &["title", "titel", "prefix"]),
    known("name.given", Holds::Text, &["givenname", "firstname", "given", "first", "fname", "forename", "prename", "vorname", "billingfirstname", "namefirst", "firstnames", "givennames", "prenom", "nombre", "voornaam", "fornavn"]),
    known("name.middle", Holds::Text, &["middlename", "middle", "middlenames"]),
    known("name.family", Holds::Text, &["familyname", "lastname", "surname", "sn", "family", "last", "lname", "nachname", "billinglastname", "namelast", "lastnames", "familienname", "zuname", "apellido", "apellidos", "cognome", "achternaam", "efternavn", "nomdefamille"]),
    known("name.suffix", Holds::Text, &["honorificsuffix", "namesuffix", "suffix"]),
    known("name.full", Holds::Text, &["nameformatted", "fullname", "displayname", "name", "formatted", "cn", "commonname", "realname", "namefull", "name1", "vollername"]),
    known("name.nickname", Holds::Text, &["nickname", "nick", "spitzname", "displayname"]),
    known("birthdate", Holds::Birthdate, &["birthdate", "birthday", "dateofbirth", "dob", "bday", "birth", "born", "birthdt", "geburtsdatum", "geburtstag", "gebdatum", "gebdat", "gbdat", "datenaissance", "fechanacimiento"]),
    known("gender", Holds::Gender, &["gender", "sex", "geschlecht", "idgender", "genderid"]),
    known("locale", Holds::Locale, &["locale", "preferredlanguage", "language", "lang", "preferredlocale", "userlanguage", "languagecode", "langcode", "userlang", "culture", "localecode", "localesidkey", "languagelocalekey", "sprache", "spras"]),
    known("zoneinfo", Holds::Zone, &["zoneinfo", "timezone", "tz", "usertimezone", "timezonesidkey", "timezoneid", "timezonename", "zeitzone"]),
    known("picture", Holds::Address, &["picture", "avatar", "avatarurl", "avatarimage", "photourl", "pictureurl", "photo", "photovalue", "profilepicture", "profilepictureurl", "profileimage", "profileimageurl", "profilephoto", "imageurl", "image", "gravatarurl"]),
    known("website", Holds::Address, &["website", "homepage", "userurl", "websiteurl", "url", "profileurl", "webpage", "wwwhomepage"]),
    known("address.street_address", Holds::Text, &["streetaddress", "street", "address1", "addressline1", "billingaddress1", "line1", "postaladdress", "streetline1", "strasse", "strassehausnr", "strassehausnummer", "stras", "street1", "address", "adresse", "anschrift", "rue", "direccion"]),
    known("address.locality", Holds::Text, &["locality", "city", "town", "billingcity", "l", "ort", "ort01", "stadt", "wohnort", "city1", "ville", "ciudad"]),
    known("address.region", Holds::Region, &["region", "province", "stateorprovince", "stateprovince", "provincecode", "statecode", "stateabbreviation", "st", "county", "billingstate", "bundesland", "regio", "state", "provincia"]),
    known("address.postal_code", Holds::Text, &["postalcode", "zip", "zipcode", "postcode", "billingpostcode", "zippostalcode", "plz", "postleitzahl", "pstlz", "postcode1", "codepostal"]),
    known("address.country", Holds::Country, &["countrycode", "country", "billingcountry", "countryiso", "countrycodev2", "countryid", "co", "c", "land", "land1", "laenderkennzeichen", "pays", "pais"]),
    known("status", Holds::Status, &["status", "enabled", "disabled", "blocked", "isactive", "active", "isblocked", "isdisabled", "isenabled", "accountenabled", "suspended", "banned", "block", "userstatus", "accountstatus", "state", "accountstate", "locked", "islocked", "lockedout", "islockedout", "accountlocked", "nonlocked", "accountnonlocked", "deactivated", "inactive", "approved", "isapproved", "aktiv", "gesperrt", "sperre", "kontostatus", "istaktiv", "aktiviert", "freigeschaltet", "freigegeben", "deaktiviert", "inaktiv", "blockiert", "geloscht", "geloescht", "archiviert", "actif", "estactif", "inactif", "desactive", "bloque", "verrouille", "suspendu", "supprime", "activo", "estaactivo", "habilitado", "inactivo", "desactivado", "deshabilitado", "bloqueado", "suspendido", "eliminado", "ativo", "inativo", "desativado", "suspenso", "excluido", "attivo", "abilitato", "inattivo", "disattivato", "disabilitato", "bloccato", "sospeso", "actief", "inactief", "gedeactiveerd", "geblokkeerd", "vergrendeld", "verwijderd", "avaktiverad", "sparrad", "deaktiveret", "sparret", "aktywny", "nieaktywny", "zablokowany", "aktivni", "neaktivni", "zablokovany", "nsaccountlock", "pwdaccountlockedtime", "useraccountcontrol", "deleted", "isdeleted", "archived", "isarchived", "loevm", "lockedat", "disabledat", "bannedat", "blockedat", "suspendedat", "deactivatedat", "deletedat", "archivedat"]),
    known("must_change_password", Holds::Flag, &["mustchangepassword", "forcepasswordchange", "changepasswordatnextlogin", "passwordchangerequired", "requirepasswordchange", "passwordresetrequired", "requirereset", "forcepasswordreset", "mustresetpassword", "pwdreset", "credentialsexpired", "passwordexpired", "passwortandern", "passwortaendern", "passwortabgelaufen", "kennwortandern", "kennwortabgelaufen"]),
    known("created_at", Holds::Time, &["createdat", "created", "createdon", "creationdate", "createddate", "createdate", "datecreated", "userregistered", "registerdate", "registeredat", "registered", "registereddate", "datejoined", "whencreated", "createtimestamp", "createdtimestamp", "usercreatedate", "creationtime", "createdtime", "timecreated", "signupdate", "signedupat", "createtime", "createdonutc", "createddateutc", "createdutc", "creationtimestamp", "registrationdate", "registrationtime", "registeredon", "regdate", "userregdate", "dateadded", "dateadd", "dateregistered", "joinedat", "joindate", "joined", "joinedon", "membersince", "insertedat", "erdat", "angelegtam", "angelegt", "erstelltam", "anlagedatum", "registriertam", "registrierungsdatum"]),
    known("updated_at", Holds::Time, &["updatedat", "lastupdated", "updated", "updatedon", "modified", "modifiedat", "modifiedon", "modifieddate", "lastmodified", "datemodified", "whenchanged", "modifytimestamp", "userlastmodifieddate", "lastmodifieddate", "lastmodifiedon", "lastmodifiedtime", "lastupdate", "lastupdatedat", "updatetime", "updatedate", "updateddate", "dateupdated", "dateupd", "timemodified", "changed", "changedat", "aedat", "geaendertam", "geandertam"]),
    known("last_login_at", Holds::Time, &["lastloginat", "lastlogin", "lastlogindate", "lastlogon", "lastlogondate", "lastlogontimestamp", "lastsigninat", "lastsignedinat", "lastsignin", "lastsignintime", "lastvisitdate", "currentsigninat", "lastlogintime", "lastloginon", "lastlogindateutc", "lastloginutc", "lastloggedin", "lastloggedinat", "lastvisit", "lastvisited", "authtimestamp", "pwdlastsuccess", "currentlogin", "letzteanmeldung", "letzterlogin", "login"]),
    known("last_activity_at", Holds::Time, &["lastactivityat", "lastactivity", "lastactivitydate", "lastactivitydateutc", "lastactive", "wclastactive", "lastseen", "lastseenat", "lastonline", "access", "lastaccess", "lastaccessed"]),
    known("password_changed_at", Holds::Time, &["passwordchangedat", "passwordchanged", "pwdlastset", "pwdchangedtime", "lastpasswordchange", "lastpasswordchangeat", "lastpasswordchangeddate", "lastpasswordreset", "passwordupdatedat", "passwordlastchanged", "passwordlastset", "passwordsetat", "passwordsetdate", "passwordchangedate", "passwordchangeddate", "lastpasswdgen"]),
    known("roles", Holds::Words, &["roles", "role", "realmroles", "wpcapabilities", "capabilities", "authorities", "usertype", "userrole", "userroles", "rolename", "rollen", "rolle", "employeetype"]),
    known("groups", Holds::Words, &["groups", "group", "memberof", "ismemberof", "groupnames", "groupname", "usergroups", "kundengruppe", "gruppe", "gruppen"]),
    known("tags", Holds::Words, &["tags", "tag", "labels"]),
    known("custom.title", Holds::Text, &["title", "jobtitle", "position", "occupation"]),
    known("custom.department", Holds::Text, &["department", "departmentnumber", "abteilung", "ou"]),
    known("custom.organization", Holds::Text, &["organization", "organisation", "employer", "o"]),
    known("custom.company", Holds::Text, &["company", "companyname", "firma"]),
    known("custom.division", Holds::Text, &["division"]),
    known("custom.cost_center", Holds::Text, &["costcenter", "costcentre", "kostenstelle"]),
    known("custom.employee_number", Holds::Text, &["employeenumber", "employeeid", "personalnummer"]),
    known("custom.external_id", Holds::Text, &["externalid"]),
];

/// Parts of the names of fields that contain secrets, which no account needs.
const SECRETS: [&str; 17] = [
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
    "securekey",
    "securitystamp",
    "concurrencystamp",
];

/// Parts of the names of flags that bar an account from signing in.
#[rustfmt::skip]
const NEGATIVE: [&str; 57] = [
    "disabled", "block", "suspended", "banned", "lock", "deactivated", "inactive", "deleted", "archived", "terminated",
    // German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Czech
    "gesperrt", "sperre", "loevm", "deaktiv", "inaktiv", "geloscht", "geloescht", "archiviert", "gekundigt", "gekuendigt",
    "inactif", "desactiv", "bloque", "verrouille", "suspendu", "supprime", "banni",
    "inactivo", "deshabilitado", "suspendido", "eliminado", "borrado", "archivado",
    "inativo", "desativado", "desabilitado", "suspenso", "excluido",
    "inattivo", "disattivato", "disabilitato", "bloccato", "sospeso", "eliminato",
    "inactief", "gedeactiveerd", "geblokkeerd", "vergrendeld", "geschorst", "verwijderd",
    "avaktiverad", "sparrad", "sparret", "nieaktywny", "zablokowany", "neaktivni", "zablokovany",
];

/// Whether a flag of this name bars its customer from signing in. Spring's `accountNonLocked` does not.
pub(super) fn is_negative(name: &str) -> bool {
    NEGATIVE.iter().any(|part| {
        name.split_once(part).is_some_and(|(before, _)| !["non", "not", "un"].iter().any(|no| before.ends_with(no)))
    })
}

/// Words of statuses, in lower case without separators and accents, with their meanings.
#[rustfmt::skip]
pub(super) const STATUSES: [(&str, &str); 128] = [
    ("active", "active"), ("activated", "active"), ("enabled", "active"), ("confirmed", "active"), ("ok", "active"),
    ("provisioned", "active"), ("verified", "active"), ("normal", "active"), ("live", "active"),
    ("disabled", "disabled"), ("inactive", "disabled"), ("deactivated", "disabled"), ("suspended", "disabled"),
    ("blocked", "disabled"), ("banned", "disabled"), ("deprovisioned", "disabled"), ("archived", "disabled"),
    ("closed", "disabled"), ("deleted", "disabled"), ("terminated", "disabled"), ("compromised", "disabled"),
    ("locked", "locked"), ("lockedout", "locked"), ("frozen", "locked"), ("passwordlocked", "locked"),
    // German
    ("aktiv", "active"), ("aktiviert", "active"), ("freigeschaltet", "active"), ("freigegeben", "active"),
    ("bestatigt", "active"), ("bestaetigt", "active"), ("verifiziert", "active"),
    ("inaktiv", "disabled"), ("deaktiviert", "disabled"), ("gesperrt", "disabled"), ("blockiert", "disabled"),
    ("geloscht", "disabled"), ("geloescht", "disabled"), ("gekundigt", "disabled"), ("gekuendigt", "disabled"),
    ("archiviert", "disabled"), ("stillgelegt", "disabled"),
    // French
    ("actif", "active"), ("confirme", "active"), ("verifie", "active"), ("valide", "active"),
    ("inactif", "disabled"), ("desactive", "disabled"), ("bloque", "disabled"), ("suspendu", "disabled"),
    ("supprime", "disabled"), ("banni", "disabled"), ("archive", "disabled"), ("resilie", "disabled"),
    ("verrouille", "locked"),
    // Spanish
    ("activo", "active"), ("activa", "active"), ("activado", "active"), ("habilitado", "active"),
    ("confirmado", "active"), ("verificado", "active"),
    ("inactivo", "disabled"), ("inactiva", "disabled"), ("desactivado", "disabled"), ("deshabilitado", "disabled"),
    ("bloqueado", "disabled"), ("suspendido", "disabled"), ("eliminado", "disabled"), ("borrado", "disabled"),
    ("archivado", "disabled"),
    // Portuguese
    ("ativo", "active"), ("ativa", "active"), ("ativado", "active"),
    ("inativo", "disabled"), ("inativa", "disabled"), ("desativado", "disabled"), ("desabilitado", "disabled"),
    ("suspenso", "disabled"), ("excluido", "disabled"), ("arquivado", "disabled"),
    // Italian
    ("attivo", "active"), ("attiva", "active"), ("attivato", "active"), ("abilitato", "active"),
    ("confermato", "active"), ("verificato", "active"),
    ("inattivo", "disabled"), ("disattivato", "disabled"), ("disabilitato", "disabled"), ("bloccato", "disabled"),
    ("sospeso", "disabled"), ("eliminato", "disabled"), ("archiviato", "disabled"),
    // Dutch
    ("actief", "active"), ("geactiveerd", "active"), ("bevestigd", "active"), ("geverifieerd", "active"),
    ("inactief", "disabled"), ("gedeactiveerd", "disabled"), ("geblokkeerd", "disabled"), ("geschorst", "disabled"),
    ("verwijderd", "disabled"), ("gearchiveerd", "disabled"),
    ("vergrendeld", "locked"),
    // Swedish, Danish
    ("aktiverad", "active"), ("aktiveret", "active"), ("bekraftad", "active"), ("bekraeftet", "active"),
    ("verifierad", "active"),
    ("avaktiverad", "disabled"), ("inaktiverad", "disabled"), ("deaktiveret", "disabled"), ("sparrad", "disabled"),
    ("sparret", "disabled"), ("spaerret", "disabled"), ("borttagen", "disabled"), ("slettet", "disabled"),
    // Polish, Czech
    ("aktywny", "active"), ("aktywne", "active"), ("aktivni", "active"), ("potwierdzony", "active"),
    ("potvrzeny", "active"),
    ("nieaktywny", "disabled"), ("neaktivni", "disabled"), ("zablokowany", "disabled"), ("zablokovany", "disabled"),
    ("usuniety", "disabled"), ("smazany", "disabled"),
];

/// How well a field fits a claim, by the names on its path: the position in the claim's names, with a penalty for words that
/// were left out; smaller is better.
pub(super) fn fit(known: &Known, path: &[String]) -> Option<usize> {
    let (parents, name) = place(path);
    let parents: Vec<String> = parents.iter().map(|parent| plain(parent)).collect();
    let position = |name: &str| known.names.iter().position(|known| *known == name);
    let parent = parents.last().map_or("", |parent| singular(parent));
    let is_person = parent.is_empty() || PERSONS.contains(&parent);
    let whole = plain(&name);
    // `phone.verified` and `emails[0].value` are named by both parts
    let both = format!("{parent}{whole}");
    if parents.iter().any(|parent| OTHERS.contains(&singular(parent))) {
        return None;
    }
    if !is_person {
        let of_both = position(&both).or_else(|| position(parent).filter(|_| whole == "value" || whole == "formatted"));
        let is_of_another = CLAIMS.iter().any(|other| other.names.contains(&both.as_str()));
        if of_both.is_some() || is_of_another || WORDS_OF_ALL.contains(&whole.as_str()) {
            return of_both;
        }
    }
    if whole.ends_with("capabilities") && known.claim == "roles" {
        return Some(known.names.len());
    }
    let best =
        variants(&name).into_iter().filter_map(|variant| Some(position(&variant.plain)? + variant.penalty)).min();
    // written without a separator: `useremail`
    best.or_else(|| {
        let joined = ["user", "customer", "profile", "account", "default", "custom"].iter();
        joined.filter_map(|prefix| position(whole.strip_prefix(prefix)?)).min().map(|at| at + 50)
    })
}

/// A name without the `s` or `es` of its plural.
pub(super) fn singular(name: &str) -> &str {
    match name.strip_suffix("es").filter(|rest| rest.ends_with("ss")) {
        Some(rest) => rest,
        None => name.strip_suffix('s').filter(|rest| rest.len() > 2 && !rest.ends_with('s')).unwrap_or(name),
    }
}

/// Objects that describe the person, without a plural.
pub(super) const PERSONS: [&str; 24] = [
    "user",
    "profile",
    "customer",
    "account",
    "person",
    "trait",
    "entity",
    "attribute",
    "meta",
    "metadata",
    "member",
    "identity",
    "data",
    "field",
    "contact",
    "personal",
    "personaldata",
    "personalinfo",
    "userinfo",
    "usermetadata",
    "detail",
    "info",
    "kunde",
    "subscriber",
];

/// Objects that describe something else than the person, without a plural: their names and dates are not the customer's.
const OTHERS: [&str; 37] = [
    "order",
    "lastorder",
    "company",
    "manager",
    "organization",
    "organisation",
    "provider",
    "device",
    "session",
    "tenant",
    "store",
    "shop",
    "payment",
    "paymentmethod",
    "referrer",
    "createdby",
    "updatedby",
    "modifiedby",
    "owner",
    "team",
    "plan",
    "subscription",
    "app",
    "application",
    "registration",
    "invoice",
    "cart",
    "wishlist",
    "order",
    "product",
    "spouse",
    "credential",
    "partner",
    "emergencycontact",
    "parent",
    "child",
    "token",
];

/// Names that any object may have.
const WORDS_OF_ALL: [&str; 11] =
    ["id", "name", "url", "status", "state", "number", "hash", "image", "type", "label", "value"];

/// Whether a field's name says that it contains a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str, parent: &str) -> Vec<&'static str> {
        let path: Vec<String> =
            [parent, name].iter().filter(|part| !part.is_empty()).map(|p| (*p).to_owned()).collect();
        CLAIMS.iter().filter(|known| fit(known, &path).is_some()).map(|known| known.claim).collect()
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
            ("Email__c", "", "email.value"),
            ("PersonEmail", "", "email.value"),
            ("MailingPostalCode", "", "address.postal_code"),
            ("pk", "", "external_id"),
            ("$oid", "_id", "external_id"),
            ("verified", "phone", "phone.verified"),
            ("value", "emails", "email.value"),
            ("address", "email", "email.value"),
            ("city", "addresses", "address.locality"),
            ("Straße", "", "address.street_address"),
            ("GEBURTSDATUM", "", "birthdate"),
            ("cognito:username", "", "username"),
        ] {
            assert!(claim(name, parent).contains(&wanted), "{name}: {:?}", claim(name, parent));
        }
        assert!(claim("shoe_size", "").is_empty() && claim("name", "provider").is_empty());
        assert_eq!(claim("name", "user"), ["name.full"]);
        assert_eq!(claim("verified", "phone"), ["phone.verified"]);
        for (name, parent) in [("created_at", "orders"), ("email", "manager"), ("company_email", ""), ("id", "groups")]
        {
            assert_eq!(claim(name, parent), [] as [&str; 0], "{parent}.{name}");
        }
        assert!(is_secret("user_activation_key") && is_secret("_session_token") && !is_secret("email"));
    }
}
