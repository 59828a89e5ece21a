//! The fictional customers: those on the page, and many more with the messy data of real shops.

use super::hashes::Stored;
use super::random::Random;
use crate::demo::samples;

/// One customer of the shop.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub login: String,
    pub password: String,
    pub stored: Stored,
    pub email: String,
    pub registered: String,
    pub status: i64,
    pub display: String,
    /// Rows of `wp_usermeta`.
    pub meta: Vec<(&'static str, String)>,
}

/// A customer on the page; the password is in [`samples`].
struct Known {
    login: &'static str,
    stored: Stored,
    email: &'static str,
    registered: &'static str,
    names: [&'static str; 2],
    phone: &'static str,
    /// Street, city, postcode, country.
    address: [&'static str; 4],
    locale: &'static str,
    roles: &'static [&'static str],
    status: i64,
    extra: &'static [(&'static str, &'static str)],
}

/// An ordinary customer; the customers on the page differ from it.
const ORDINARY: Known = Known {
    login: "",
    stored: Stored::Phpass(13),
    email: "",
    registered: "2019-04-02 08:15:00",
    names: ["", ""],
    phone: "",
    address: ["12 Mill Lane", "Portland", "04101", "US"],
    locale: "",
    roles: &["customer"],
    status: 0,
    extra: &[],
};

const KNOWN: &[Known] = &[
    Known {
        login: "ida.brandt",
        email: " Ida.Brandt@Example.COM ",
        names: ["Ida", "Brandt"],
        phone: "(202) 555-0143",
        locale: "de_DE_formal",
        extra: &[("newsletter_optin", "yes"), ("wc_last_active", "1735603200")],
        ..ORDINARY
    },
    Known {
        login: "tomas.novak",
        stored: Stored::WordPress68(10),
        email: "tomas.novak@example.net",
        registered: "2025-06-11 17:40:09",
        names: ["Tomáš", "Novák"],
        phone: "+442079460018",
        address: ["Flat 3, 8 Orchard Row", "London", "EC1Z 9AB", "GB"],
        locale: "cs_CZ",
        roles: &["customer", "editor"],
        ..ORDINARY
    },
    Known {
        login: "siobhan.murphy",
        stored: Stored::Md5,
        email: "siobhan@example.org",
        registered: "2004-11-30 21:02:55",
        names: ["Siobhán", "Murphy"],
        address: ["4 Harbour View", "Galway", "H91 0ZZ", "IE"],
        locale: "en_GB",
        roles: &["subscriber"],
        extra: &[("wc_last_active", "0")],
        ..ORDINARY
    },
    Known {
        login: "jose.alvarez",
        stored: Stored::Bcrypt(10),
        email: "Jose.Alvarez@Example.org",
        names: ["José", "Álvarez"],
        phone: "202.555.0177",
        locale: "es_ES",
        roles: &["customer", "vip_gold"],
        ..ORDINARY
    },
    Known {
        login: "mei.tanaka",
        stored: Stored::Argon2id,
        email: "mei@例え.example",
        registered: "2023-01-09 02:30:41",
        names: ["小百合", "田中"],
        phone: "+1 202-555-0102",
        address: ["5 Cedar Court", "Seattle", "98101", "US"],
        locale: "ja",
        ..ORDINARY
    },
    Known {
        login: "otto.lindgren",
        stored: Stored::Text("Lff0PKOx9LFac"),
        email: "otto.lindgren@example.com",
        registered: "0000-00-00 00:00:00",
        names: ["Otto", "Lindgren"],
        phone: "+1 202 555 0119",
        ..ORDINARY
    },
    Known {
        login: "amelie.roux",
        email: "  AMELIE.Roux@Example.ORG\u{a0}",
        names: ["  Ame\u{301}lie ", "Roux  "],
        phone: "call after six",
        address: ["  7   Rue  du  Port ", "Brest", " 29200", "fr"],
        locale: "fr_FR",
        roles: &["customer", "shop_manager"],
        extra: &[("newsletter_optin", "no"), ("first_name", "Amélie")],
        ..ORDINARY
    },
    Known {
        login: "nadia.haddad",
        email: "nadia.haddad@example.net",
        names: ["Nadia", "Haddad"],
        phone: "+44 20 7946 0031",
        address: ["19 Station Road", "Aberfeldy", "PH15 0ZZ", "GB"],
        extra: &[("account_locked", "2025-02-11")],
        ..ORDINARY
    },
    Known { login: "petra.vogel", email: "petra.vogel@example.com", names: ["Petra", "Vogel"], status: 1, ..ORDINARY },
    Known { login: "leo.martins", email: "leo(at)example.com", names: ["Leo", "Martins"], ..ORDINARY },
    Known {
        login: "grace.okafor",
        stored: Stored::Text("*"),
        email: "grace.okafor@example.org",
        names: ["Grace", "Okafor"],
        ..ORDINARY
    },
];

/// Given names, with a spelling for logins.
const GIVEN: &[(&str, &str)] = &[
    ("Ada", "ada"),
    ("Bram", "bram"),
    ("Carla", "carla"),
    ("Dario", "dario"),
    ("Edda", "edda"),
    ("Fergus", "fergus"),
    ("Imke", "imke"),
    ("Łucja", "lucja"),
    ("Øyvind", "oyvind"),
    ("Élodie", "elodie"),
    ("Iñaki", "inaki"),
    ("Jürgen", "juergen"),
    ("Şule", "sule"),
    ("Дарья", "darya"),
    ("Αθηνά", "athina"),
    ("伟", "wei"),
    ("नीला", "neela"),
    ("Kwame", "kwame"),
    ("Mary Jo", "maryjo"),
    ("Quentin", "quentin"),
];

const FAMILY: &[(&str, &str)] = &[
    ("Abbott", "abbott"),
    ("Bianchi", "bianchi"),
    ("Çelik", "celik"),
    ("Dąbrowski", "dabrowski"),
    ("Eriksen", "eriksen"),
    ("Ferreira", "ferreira"),
    ("Håkansson", "hakansson"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Kovács", "kovacs"),
    ("Lefèvre", "lefevre"),
    ("Mensah", "mensah"),
    ("O'Hara", "ohara"),
    ("Papadopoulos", "papadopoulos"),
    ("Quispe", "quispe"),
    ("Sørensen", "sorensen"),
    ("van den Berg", "vandenberg"),
    ("Zhang", "zhang"),
];

/// Street, city, postcode, country, and the start of phone numbers that are reserved for fiction.
const PLACES: &[([&str; 4], &str)] = &[
    (["Orchard Row", "Portland", "04101", "US"], "+120255501"),
    (["Station Road", "London", "EC1Z 9AB", "GB"], "+4420794601"),
    (["Harbour Lane", "Aberfeldy", "PH15 0ZZ", "GB"], "+4420794604"),
    (["Cedar Court", "Seattle", "98101", "US"], "+120255501"),
];

const LOCALES: &[&str] = &["", "", "en_GB", "de_DE", "fr_FR", "pt_BR", "nl_NL"];

/// The hashes of the generated customers, by share. Cheap costs, so that the shop is created quickly.
const HASHES: &[Stored] = &[
    Stored::Phpass(8),
    Stored::Phpass(8),
    Stored::Phpass(8),
    Stored::Phpass(8),
    Stored::WordPress68(4),
    Stored::Bcrypt(4),
    Stored::Md5,
    Stored::Text("*"),
];

/// Generates this many customers, those on the page first; the result depends on the seed only.
pub(super) fn customers(count: usize, seed: u64) -> Vec<Customer> {
    let mut random = Random::new(seed);
    let mut all: Vec<Customer> = KNOWN.iter().map(named).collect();
    while all.len() < count {
        let number = all.len() + 1;
        let before = all.last().map(|customer| customer.email.clone()).unwrap_or_default();
        all.push(generated(number, &before, &mut random));
    }
    all
}

fn named(known: &Known) -> Customer {
    let [given, family] = known.names;
    let password = samples::find(known.login).map_or("", |sample| sample.password);
    let mut meta = profile(known.names, known.phone, known.address.map(str::to_owned), known.locale);
    meta.push(("wp_capabilities", capabilities(known.roles)));
    meta.extend(known.extra.iter().map(|(key, value)| (*key, (*value).to_owned())));
    Customer {
        login: known.login.to_owned(),
        password: password.to_owned(),
        stored: known.stored,
        email: known.email.to_owned(),
        registered: known.registered.to_owned(),
        status: known.status,
        display: format!("{given} {family}"),
        meta,
    }
}

fn profile(
    [given, family]: [&str; 2],
    phone: &str,
    [street, city, postcode, country]: [String; 4],
    locale: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("first_name", given.to_owned()),
        ("last_name", family.to_owned()),
        ("locale", locale.to_owned()),
        ("billing_phone", phone.to_owned()),
        ("billing_address_1", street),
        ("billing_city", city),
        ("billing_postcode", postcode),
        ("billing_country", country),
    ]
}

/// Roles as PHP serializes them.
fn capabilities(roles: &[&str]) -> String {
    let each: String = roles.iter().map(|role| format!("s:{}:\"{role}\";b:1;", role.len())).collect();
    format!("a:{}:{{{each}}}", roles.len())
}

fn generated(number: usize, mail_before: &str, random: &mut Random) -> Customer {
    let ((given, login), (family, surname)) = (random.pick(GIVEN), random.pick(FAMILY));
    let ([street, city, postcode, country], prefix) = random.pick(PLACES);
    let login = format!("{login}.{surname}{number}");
    let phone = phone(prefix, random);
    let address =
        [format!("{} {street}", random.below(90) + 1), city.to_owned(), postcode.to_owned(), country.to_owned()];
    let mut meta = profile([given, family], &phone, address, random.pick(LOCALES));
    let role =
        if random.below(50) == 0 { "wholesale_buyer" } else { random.pick(&["customer", "customer", "subscriber"]) };
    meta.push(("wp_capabilities", capabilities(&[role])));
    meta.push(("newsletter_optin", random.pick(&["yes", "no", "1", "0"]).to_owned()));
    meta.push(("session_tokens", format!("a:1:{{s:4:\"{:04x}\";i:1;}}", random.below(65_536))));
    Customer {
        email: mail(&login, mail_before, random),
        password: format!("{surname}-{}", random.below(9_000) + 1_000),
        stored: HASHES.get(usize::try_from(random.below(8)).unwrap_or(0)).copied().unwrap_or(Stored::Md5),
        registered: registered(random),
        status: i64::from(random.below(50) == 0),
        display: if random.below(8) == 0 { login.clone() } else { format!("{given} {family}") },
        login,
        meta,
    }
}

/// One in ten addresses is messy: capitals, spaces, empty, not an address, or the address of the previous customer.
fn mail(login: &str, before: &str, random: &mut Random) -> String {
    let plain = format!("{login}@example.com");
    match random.below(50) {
        0 => plain.to_uppercase(),
        1 => format!("  {plain} "),
        2 => String::new(),
        3 => plain.replace('@', "(at)"),
        4 => before.to_uppercase(),
        _ => plain,
    }
}

/// International, national, with separators, missing, or not a number at all.
fn phone(prefix: &str, random: &mut Random) -> String {
    let number = format!("{prefix}{:02}", random.below(100));
    match random.below(10) {
        0 => String::new(),
        1 => "ask my sister".to_owned(),
        2 => number.replacen("+1202", "(202) ", 1).replacen("+44", "0", 1),
        3 => format!("{} ext. 3", number.replacen("+1", "1-", 1)),
        _ => number,
    }
}

fn registered(random: &mut Random) -> String {
    if random.below(40) == 0 {
        return "0000-00-00 00:00:00".to_owned();
    }
    let (year, month, day) = (2005 + random.below(20), 1 + random.below(12), 1 + random.below(28));
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:00", random.below(24), random.below(60))
}
