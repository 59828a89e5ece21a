//! R7: assessments of exports.

use super::CodeInfo;

/// The codes of this family, in order.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "R701",
        title: "records of the export cannot be read",
        explain: "\
A record that is no JSON, a row with another number of cells than the header, a record that is too large:
the customer cannot migrate, and is not in any other count.

    {\"ID\":7,\"user_login\":\"ida      <- the line ends too early

Fix these records in the export, or export them again. `landfall transform --rejects FILE` keeps their text.",
    },
    CodeInfo {
        code: "R702",
        title: "the rules cannot make an account of records",
        explain: "\
The login of such a customer ends with `invalid_record`. The place is the claim or the check that makes the
record invalid, and the document lists the numbers of the first records.

    email.value: { from: $.user_email, required: true }     # records without an address are invalid

Correct the records in the legacy system, or let the rules accept them: without `required`, with another
source under `from`, or with `on_error: warn`. `landfall explain` shows what the rules make of one record.",
    },
    CodeInfo {
        code: "R703",
        title: "values of a claim are left out",
        explain: "\
The rules warn: these accounts are made without the claim, or without some of its values.

    phone.value: { from: $.phone, do: [ phone ], on_error: warn }     # \"none\", \"see notes\"

Look at the patterns of the field that the claim reads. Read the values in another way (another format, a
region, a lookup), or correct them in the legacy system. If they are worthless, nothing needs to be done.",
    },
    CodeInfo {
        code: "R704",
        title: "a lookup has no entry for values",
        explain: "\
A step `lookup` met words that its table does not have. Without a `default`, the step fails.

    lookups: { roles: { administrator: admin, customer: customer } }
    roles: { from: $.roles, each: [ lookup: roles ] }                 # the export also has `wholesale`

Add an entry for each word that matters, or a `default`. The document lists the most frequent words.",
    },
    CodeInfo {
        code: "R705",
        title: "no rule reads a field",
        explain: "\
The field has values that do not reach any account.

    {\"ID\":7,\"newsletter\":true}     with rules that do not mention `$.newsletter`

Map it, or list it under `ignore` to say that it is left behind on purpose.",
    },
    CodeInfo {
        code: "R706",
        title: "several records have the same id",
        explain: "\
`identify.id` says which customer a record is. Of several records with one id only one can migrate; the
others would sign in to its account or be refused.

    identify: { id: $.customer_no, logins: [ $.login ] }     # two shops number their customers from 1

Use an id that is unique, for example `id: \"{$.shop}:{$.customer_no}\"`, or remove the records that are not
needed. `landfall assess --duplicates FILE` lists all of them.",
    },
    CodeInfo {
        code: "R707",
        title: "several records have the same login",
        explain: "\
A login that leads to two customers belongs to neither of them. They sign in with their other logins; a
customer who has no other one cannot migrate, and the forecast counts that.

    {\"id\":1,\"mail\":\"family@example.org\"}  {\"id\":2,\"mail\":\"Family@Example.org\"}

Logins are compared as a login compares them: letter case, composed letters and blanks around them do not
matter. Make them unique in the legacy system, or add another login under `identify.logins`.",
    },
    CodeInfo {
        code: "R708",
        title: "several accounts have the same mail address",
        explain: "\
Many identity providers allow an address once: the second account is a conflict, or lacks the address.

    {\"id\":1,\"mail\":\"family@example.org\"}  {\"id\":2,\"mail\":\"Family@Example.org\"}

Decide whether the target allows it. If not, make the addresses unique in the legacy system, or leave the
claim out for some records with `when`.",
    },
    CodeInfo {
        code: "R709",
        title: "several accounts have the same phone number",
        explain: "\
A number that customers sign in with, or that receives codes, should belong to one of them. A number that
very many accounts have is usually a default value of a form.

    {\"id\":1,\"phone\":\"+1 202 555 0100\"}  {\"id\":2,\"phone\":\"(202) 555-0100\"}

Leave a default value out with `when`, and make other numbers unique in the legacy system.",
    },
    CodeInfo {
        code: "R710",
        title: "a user name is the mail address of another customer",
        explain: "\
Whoever types it means one of two accounts. Somebody may have chosen the address of another person as a
user name, in order to receive what is meant for that person.

    {\"id\":1,\"login\":\"ida@example.org\"}  {\"id\":2,\"login\":\"ida\",\"mail\":\"ida@example.org\"}

Rename the customer in the legacy system, or accept mail addresses only under `identify.logins`.",
    },
    CodeInfo {
        code: "R711",
        title: "stored passwords cannot be used",
        explain: "\
The text does not match its scheme: it is truncated, has another encoding, or is a placeholder.

    credential: { from: $.hash, scheme: bcrypt }     # \"$2y$10$cut\", \"*\", \"!\"

If many are affected, check the scheme and the parts under `credential`; a column that is too short cuts
hashes. The other customers need a new password. `landfall password identify` shows what the texts are.",
    },
    CodeInfo {
        code: "R712",
        title: "stored passwords are too cheap to withstand guessing",
        explain: "\
Whoever has the export can guess most of these passwords. The measure is the advice of OWASP.

    { \"hash\": \"5f4dcc3b5aa765d61d8327deb882cf99\" }     MD5

Nothing needs to be done for the migration: every customer who has come has a new hash at the target. Do not
keep the export longer than needed, and consider a date by which the others must choose a new password.",
    },
    CodeInfo {
        code: "R713",
        title: "checking stored passwords takes longer than a login may",
        explain: "\
A login has a deadline, and a stored hash determines its own cost. One that is estimated to take longer, or
asks for more memory or rounds than the limits allow, is refused (`cost_refused`) without being computed.

    { \"hash\": \"$2b$17$…\" }     bcrypt, seconds on every machine

Raise `login.deadline` and `password.longest_check`, use faster machines, or let these customers choose a new
password. The estimate is that of the machine on which the assessment ran.",
    },
    CodeInfo {
        code: "R714",
        title: "a scheme ignores part of the password",
        explain: "\
Other passwords than the right one match, too: DES crypt ignores everything behind 8 characters, others the
case of letters.

    { \"hash\": \"ab01FAX.bQRSU\" }     DES crypt

A customer whose password is affected signs in and must then choose a new one. How many that are cannot be
known from the hashes.",
    },
    CodeInfo {
        code: "R715",
        title: "no account has a claim",
        explain: "\
The rules have a claim that was made of no record: a path is misspelt, a condition is never true, or the
export does not have the field.

    phone.value: $.phone_number     # the export has `$.phoneNumber`

Compare the paths of the claim with the fields of the export. Remove the claim if there is nothing to read.",
    },
    CodeInfo {
        code: "R716",
        title: "a field has values of several kinds",
        explain: "\
A step that expects one kind fails on the others.

    {\"zip\":\"01069\"}  {\"zip\":10115}  {\"zip\":[]}

Bring the values into one kind first, for example with `to_text`, `to_list` or `first`, or use `when`. PHP
writes an empty object as `[]`, and XML converters write a list with one element as the element.",
    },
    CodeInfo {
        code: "R717",
        title: "some values do not look like the others of their field",
        explain: "\
At least nine of ten values have a format such as that of mail addresses, and the rest has not.

    {\"mail\":\"ida@example.org\"}  {\"mail\":\"none\"}

The rules have to say what becomes of them: left out with a warning, refused, or read in another way.",
    },
    CodeInfo {
        code: "R718",
        title: "an object has too many different members to list",
        explain: "\
Its keys are probably data, such as ids or times, and not names of fields.

    {\"sessions\":{\"8f14e45f\":{…},\"c9f0f895\":{…}}}

The members are not in the report. If they are needed, read them with a step such as `values` or `pivot`.",
    },
    CodeInfo {
        code: "R719",
        title: "a field contains stored passwords",
        explain: "\
An assessment without rules found texts that known password schemes write.

    {\"user_pass\":\"$2y$10$…\"}

Read the field under `credential`. Protect the export like the passwords themselves, and delete it as soon as
the migration allows.",
    },
];
