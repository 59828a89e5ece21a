//! Names of steps in other languages: SQL, JavaScript, Python, VRL, jq, Bloblang, Rails, Go templates, Jinja, PHP and .NET.
//!
//! The table is used only for suggestions ("did you mean"); none of these names is a step. Names are compared without case
//! and without `_`, `-`, `.`, `?` and `!`, so that one entry covers `to_lower`, `toLower` and `ToLower`.

/// A row: foreign names, and what to write instead.
#[derive(Debug)]
pub struct Foreign {
    /// The names, separated by spaces.
    pub names: &'static str,
    /// What to write instead.
    pub write: Write,
}

/// What to write instead of a foreign name.
#[derive(Debug, Clone, Copy)]
pub enum Write {
    /// A step as written in `do`; the user's own arguments can replace those shown, in the same order.
    Step(&'static str),
    /// A step whose arguments differ in kind or order, so that the user's own arguments cannot be used.
    Shown(&'static str),
    /// Several steps.
    Steps(&'static str),
    /// Not a step: a whole rule.
    Rule(&'static str),
    /// Not a step: a condition.
    Condition(&'static str),
    /// There is no replacement; one sentence says why.
    Nothing(&'static str),
}

/// The row that contains a foreign name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Foreign> {
    let wanted = plain(name);
    FOREIGN.iter().find(|row| row.names.split(' ').any(|known| plain(known) == wanted))
}

/// A name without case and punctuation; pure punctuation, such as `==`, stays.
#[must_use]
pub fn plain(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if letters.is_empty() { name.to_owned() } else { letters }
}

use Write::{Condition, Nothing, Rule, Shown, Step, Steps};

const fn row(names: &'static str, write: Write) -> Foreign {
    Foreign { names, write }
}

const NO_HASHING: &str = "rules cannot hash values: describe a stored password under `credential`, for example \
    `credential: { from: $.hash, scheme: md5 }`";
const NO_RANDOM: &str = "the same record always gives the same account, so random values are not available; \
    `{ uuid_v5: dns }` derives an id from a name";

/// Every row, by family.
pub const FOREIGN: &[Foreign] = &[
    // text
    row("lower to_lower to_lower_case downcase ascii_downcase lcase strtolower casefold lc small", Step("lowercase")),
    row("upper to_upper to_upper_case upcase ascii_upcase ucase strtoupper uc caps", Step("uppercase")),
    row("ucfirst upper_first capitalise", Step("capitalize")),
    row("title titleize to_title initcap ucwords proper proper_case", Step("title_case")),
    row("strip chomp btrim chop strip_whitespace trim_whitespace trim_space trim_spaces strip_spaces", Step("trim")),
    row("lstrip ltrim trim_left trim_prefix_space", Step("trim_start")),
    row("rstrip rtrim trim_right", Step("trim_end")),
    row("normalize_space normalize_whitespace collapse_whitespace collapse_spaces squeeze", Step("squish")),
    row(
        "gsub sub regexp_replace regex_replace replace_regex re_replace re_replace_all preg_replace regex_replace_all \
            replace_all_regex re.sub replace_re",
        Step("replace_matching: { pattern: '[^0-9]', with: \"\" }"),
    ),
    row(
        "replace_all str_replace string_replace replace_with replace_string",
        Step("replace: { find: \"-\", with: \"_\" }"),
    ),
    row("translate tr", Shown("replace_matching: { pattern: '[-.]', with: \"_\" }")),
    row("substr substring mid substr_at substring_of", Shown("slice: { start: 0, end: 3 }")),
    row("left first_chars limit_length shorten ellipsis trunc max_length cut", Step("truncate: 50")),
    row("right last_chars", Shown("slice: { start: -4 }")),
    row("explode tokenize split_by split_string str_split string_to_array parse_csv", Step("split: \",\"")),
    row("words split_words split_whitespace", Shown("split: \" \"")),
    row("lines", Step("split_lines")),
    row("split_part split_index substring_index", Steps("{ split: \",\" }, { at: 0 }")),
    row("substring_before text_before before_first until", Step("before: \"@\"")),
    row("substring_after text_after after_first", Step("after: \"@\"")),
    row("implode join_with array_join string_agg listagg group_concat array_to_string join_list", Step("join: \", \"")),
    row(
        "concat_ws concatenate strcat str_concat cat printf sprintf format string_format interpolate template fmt",
        Rule("\"{$.first} {$.last}\""),
    ),
    row("append suffix append_text postfix add_postfix", Step("add_suffix: \"@example.com\"")),
    row("prepend prefix prepend_text prefix_with", Step("add_prefix: \"shop:\"")),
    row("trim_prefix remove_prefix delete_prefix drop_prefix", Step("strip_prefix: \"shop:\"")),
    row("trim_suffix remove_suffix delete_suffix drop_suffix", Step("strip_suffix: \"@example.com\"")),
    row(
        "regexp_extract regex_extract regexp_substr regexp_match regex_capture capture re_find re_find_object re.search \
            find_regex grep preg_match regex_find",
        Step("extract: '([0-9]+)'"),
    ),
    row("parse_regex named_captures capture_names groups", Step("extract_fields: '(?<first>\\w+) (?<last>\\w+)'")),
    row(
        "parse_regex_all find_all scan match_all re_find_all preg_match_all regexp_matches",
        Step("extract_all: '[0-9]+'"),
    ),
    row(
        "lpad left_pad pad_left zfill rjust zero_pad pad_zero pad_zeros",
        Step("pad_start: { length: 5, with: \"0\" }"),
    ),
    row("rpad right_pad pad_right ljust", Step("pad_end: { length: 5, with: \" \" }")),
    row("pad", Shown("pad_start: { length: 5, with: \"0\" }")),
    row(
        "slugify slug parameterize urlize to_slug dasherize kebab_case",
        Steps("transliterate, lowercase, { replace_matching: { pattern: '[^a-z0-9]+', with: \"-\" } }"),
    ),
    row(
        "underscore snake_case to_snake_case",
        Steps("lowercase, { replace_matching: { pattern: '[^a-z0-9]+', with: \"_\" } }"),
    ),
    row("unaccent remove_accents strip_accents asciify unidecode to_ascii deunicode", Step("transliterate")),
    row("normalize nfc to_nfc unicode_normalize normalize_unicode", Step("unicode: nfc")),
    row(
        "html_unescape decode_html html_entity_decode unescape html_decode htmlspecialchars_decode",
        Step("unescape_html"),
    ),
    row("strip_tags strip_html remove_html remove_tags", Step("remove_matching: '<[^>]*>'")),
    row("digits_only only_digits keep_digits strip_non_digits remove_non_digits numeric_only", Step("digits")),
    row("len size strlen char_length character_length str_length string_length chars", Step("length")),
    // numbers and kinds
    row(
        "int to_int integer parse_int int_value intval to_i as_integer cint atoi long to_long parse_integer",
        Step("to_integer"),
    ),
    row(
        "float to_float parse_float number decimal double to_f to_decimal to_double parse_number as_number",
        Step("to_number"),
    ),
    row("string str to_string to_str to_s stringify as_text text as_string repr string_value", Step("to_text")),
    row("bool boolean to_bool parse_bool as_boolean truthy to_b parse_boolean boolval", Step("to_boolean")),
    row("cast convert convert_to type as_type change_type try_cast", Rule("{ from: $.points, as: integer }")),
    row("not negate inverse logical_not flip", Step("invert")),
    row("ceil ceiling", Rule("{ with: { x: $.points }, script: \"ceiling(x)\", on_error: warn }")),
    row("floor", Rule("{ with: { x: $.points }, script: \"floor(x)\", on_error: warn }")),
    row("mod modulo modulus remainder", Rule("{ with: { x: $.points }, script: \"x % 10\", on_error: warn }")),
    row("plus increment incr addition", Step("add: 1")),
    row("minus decrement decr subtraction", Step("subtract: 1")),
    row("times mul multiplied_by product", Step("multiply: 100")),
    row("div divided_by quotient", Step("divide: 100")),
    row("maximum greatest max_by array_max", Step("max")),
    row("minimum least min_by array_min", Step("min")),
    row("total array_sum sum_by", Step("sum")),
    row("absolute fabs", Step("abs")),
    row("bit_and band bitwise_and mask", Step("bits: 2")),
    // times
    row(
        "strptime ts_strptime ts_parse parse_timestamp parse_date parse_datetime parse_time date_parse datetime to_datetime \
            to_timestamp str_to_date strtotime time to_time parse_iso8601 from_iso fromdate \
            fromdateiso8601 date_from_string date_from_format",
        Step("date: \"%d.%m.%Y\""),
    ),
    row(
        "strftime ts_strftime ts_format format_timestamp format_time format_datetime date_format to_char time_format \
            date_to_string todateiso8601",
        Step("format_date: \"%Y-%m-%d\""),
    ),
    row(
        "from_unixtime from_unix_timestamp from_unix unix unix_time unix_timestamp from_timestamp utcfromtimestamp from_epoch \
            todate epoch_to_date seconds_to_date timestamp epoch_seconds",
        Step("epoch: s"),
    ),
    row(
        "from_millis from_milliseconds epoch_ms epoch_millis unix_ms from_unix_ms millis milliseconds from_unix_millis \
            timestamp_millis to_timestamp_ms",
        Shown("epoch: ms"),
    ),
    row("to_unix_timestamp to_unix to_epoch mktime date_to_epoch get_time", Shown("format_date: \"%s\"")),
    row("now current_timestamp current_date getdate sysdate today utcnow ts_now current_time", Rule("$facts.now")),
    row("date_trunc date_only truncate_date trunc_date strip_time day_of", Step("to_date")),
    row("date_add add_days add_months add_interval add_duration date_plus", Shown("add_time: P30D")),
    row(
        "at_time_zone convert_tz to_timezone to_utc in_time_zone convert_timezone localize utc",
        Shown("date: { format: \"%Y-%m-%d %H:%M:%S\", zone: Europe/Berlin }"),
    ),
    row("from_filetime windows_time ad_time win32_time ldap_time", Step("filetime")),
    row("excel_serial excel serial_date from_excel", Step("excel_date")),
    row("make_date date_from_parts", Step("date_parts")),
    // lists and objects
    row("uniq distinct dedup dedupe deduplicate array_unique unique_values uniq_by distinct_values", Step("unique")),
    row("remove_nulls filter_nulls reject_blank compact_blank remove_empty drop_nulls", Step("compact")),
    row("flat flatten_list array_flatten", Step("flatten")),
    row("push array_push array_append add_to_list append_to_list add_element", Shown("concat: [ customer ]")),
    row(
        "del delete remove_field remove_fields drop_field unset except exclude remove_key delete_key reject_keys",
        Step("omit: [ password ]"),
    ),
    row("select_keys only_keys keep_keys slice_keys project keep_fields pick_by", Step("pick: [ city, country ]")),
    row("pluck map_get map_field", Steps("{ map: [ { get: name } ] }")),
    row("for_each each_do map_each map_array transform_list array_map collect map_list", Shown("map: [ trim ]")),
    row("each", Rule("{ from: $.roles, each: [ trim ] }")),
    row(
        "select reject filter_array array_filter keep_if filter_list remove_if find_all_where",
        Shown("filter: { $item.active: true }"),
    ),
    row("detect find_first find_if first_where", Shown("find: { $item.type: home }")),
    row("where", Rule("{ from: $.roles, where: { $item: { not: guest } } }")),
    row("nth element element_at get_index index item_at array_get list_get", Step("at: 0")),
    row("head car first_element shift", Step("first")),
    row("last_element array_last", Step("last")),
    row("tail rest drop offset", Step("skip: 1")),
    row("limit first_n take_first", Step("take: 3")),
    row(
        "dig path json_path get_path get_in json_extract json_value json_query get_field field extract_path xpath prop",
        Step("get: address.city"),
    ),
    row("to_entries items each_pair object_entries with_entries", Step("entries")),
    row(
        "object_from_entries dict_from_list to_object from_pairs object to_hash to_map",
        Shown("pivot: { key: name, value: value }"),
    ),
    row("assign extend merge_objects deep_merge object_merge update", Shown("merge: [ $.profile ]")),
    row("array wrap ensure_list wrap_list array_wrap listify to_array as_array make_list as_list", Step("to_list")),
    row("sort_by sorted order order_by array_sort sort_list", Step("sort")),
    row("rev reversed array_reverse", Step("reverse")),
    row("count_elements array_length array_size cardinality list_length", Step("count")),
    row("group", Step("group_by: type")),
    row("key_by keyed_by to_dict", Step("index_by: id")),
    row("rename rename_fields rename_field map_key", Shown("rename_keys: { mail: email }")),
    row("object_keys map_keys_list keynames", Step("keys")),
    row("object_values vals", Step("values")),
    row("transpose zip unpivot rows_to_object eav", Shown("pivot: { key: name, value: value }")),
    // decoding
    row(
        "json_parse from_json json_decode json.loads json loads decode_json to_json_object parse_json_string",
        Step("parse_json"),
    ),
    row("json.stringify json_encode json.dumps dumps encode_json to_json_string", Step("to_json")),
    row("b64decode base64_decode decode_base64 atob unbase64 from_b64 base64d b64 decode64", Step("from_base64")),
    row("b64encode base64_encode encode_base64 btoa to_b64 base64 encode64", Step("to_base64")),
    row("unhex hex_decode decode_hex decode_base16 hex2bin from_base16 unhexlify hex_to_bytes", Step("from_hex")),
    row("hex hex_encode encode_hex encode_base16 bin2hex to_base16 hexlify", Step("to_hex")),
    row("uri_decode decode_uri_component unquote decode_percent cgi_unescape unescape_url", Step("url_decode")),
    row("uri_encode encode_uri_component encode_percent escape_url urlquery quote", Step("url_encode")),
    row("unserialize php_decode php_deserialize parse_php deserialize maybe_unserialize", Step("php_unserialize")),
    row("parse_query_string parse_qs query_string parse_url_query", Step("parse_query")),
    row("parse_key_value parse_kv kv parse_logfmt key_value", Step("parse_key_values")),
    row(
        "iconv convert_encoding decode_charset decode_mime_q utf8_decode to_utf8 convert_to_utf8",
        Shown("decode_text: cp1252"),
    ),
    row("objectguid decode_guid to_guid from_guid parse_guid bytes_to_uuid", Step("guid")),
    row("objectsid decode_sid to_sid parse_sid", Step("sid")),
    row("md5 sha1 sha2 sha256 sha512 sha3 hash hmac digest encrypt bcrypt crypt password_hash", Nothing(NO_HASHING)),
    row("uuid_v4 gen_random_uuid generate_uuid newid random rand new_uuid ksuid nanoid uuid_v7", Nothing(NO_RANDOM)),
    // identity
    row("validate_email normalize_email is_email to_email parse_email email_address valid_email mail", Step("email")),
    row("email_domain_part mail_domain", Step("email_domain")),
    row(
        "e164 to_e164 phone_number normalize_phone format_phone parse_phone telephone tel mobile",
        Step("phone: { region: US }"),
    ),
    row("country_code iso_country to_country country_name iso3166", Step("country")),
    row("language_code lang iso639 to_language", Step("language")),
    row("tz zoneinfo", Step("time_zone")),
    row("parse_url validate_url is_url to_url uri link", Step("url")),
    row("ip ip_addr parse_ip inet", Step("ip_address")),
    row("parse_uuid to_uuid is_uuid", Step("uuid")),
    row("sex", Step("gender")),
    // predicates
    row("eq equal equal_to is is_equal ==", Step("equals: active")),
    row("ieq equals_ignore_case iequals equal_fold", Step("equals_ignoring_case: active")),
    row("ne neq not_equals not_equal not_equal_to is_not != <>", Condition("{ $.status: { not: active } }")),
    row("in in_list is_in any_of in_set", Step("one_of: [ active, locked ]")),
    row("not_in nin none_of not_one_of", Condition("{ $.status: { not: [ active, locked ] } }")),
    row("gt greater greater_than >", Step("more_than: 18")),
    row("gte ge greater_or_equal greater_than_or_equal >=", Step("at_least: 18")),
    row("lt less smaller_than <", Step("less_than: 18")),
    row("lte le less_or_equal less_than_or_equal <=", Step("at_most: 18")),
    row("between in_range", Condition("{ $.age: { at_least: 18, at_most: 65 } }")),
    row("older_than before_date earlier_than", Step("is_before: \"2020-01-01T00:00:00Z\"")),
    row("newer_than after_date later_than", Step("is_after: \"2020-01-01T00:00:00Z\"")),
    row(
        "match test regex regexp rlike regexp_like =~ is_match re_match regex_match match_any regexp_instr ~",
        Step("matches: '^[A-Z]+$'"),
    ),
    row("like ilike", Shown("contains_ignoring_case: smith")),
    row(
        "includes include has_text has_substring index_of strpos instr position has in_string contains_text",
        Step("contains: admin"),
    ),
    row("array_contains list_contains in_array member contains_element", Step("contains: admin")),
    row("begins_with begin_with start_with has_prefix starting_with str_starts_with", Step("starts_with: \"+\"")),
    row("end_with has_suffix ending_with str_ends_with finishes_with", Step("ends_with: \"@example.com\"")),
    row("has_member has_field key_exists array_key_exists contains_key has_own_property", Step("has_key: mail")),
    row("bit has_bit bit_set test_bit has_flag has_flags flag", Step("has_bits: 2")),
    row(
        "exists isset defined is_defined present not_null is_not_null has_value is_some is_not_nil non_null \
            is_not_missing",
        Step("is_present"),
    ),
    row(
        "is_null is_nil nil null missing absent is_none not_exists undefined is_undefined not_present",
        Step("is_missing"),
    ),
    row("empty is_empty blank", Step("is_blank")),
    row("not_blank not_empty is_not_empty non_empty is_not_blank", Condition("{ $.name: { not: { is_blank: } } }")),
    row("is_string is_str", Step("is_text")),
    row("is_array is_sequence is_iterable", Step("is_list")),
    row("is_bool", Step("is_boolean")),
    row("is_int is_digit is_whole", Step("is_integer")),
    row("is_numeric is_float isnan is_decimal", Step("is_number")),
    row("is_map is_hash is_dict is_struct is_record", Step("is_object")),
    // choices
    row(
        "ifnull nvl default_value fallback or_default or_else get_or_default default_to unwrap_or otherwise",
        Step("default: customer"),
    ),
    row("nullif nil_if none_if blank_if", Step("nothing_if: \"n/a\"")),
    row("first_of first_non_null first_present either", Rule("{ from: [ $.mobile, $.phone ] }")),
    row(
        "case switch decode_value mapping enum dictionary dict vlookup map_value choose replace_values recode translate_value",
        Shown("lookup: { in: { A: active, L: locked } }"),
    ),
    row(
        "if when unless cond condition iif if_else only_if ternary nvl2",
        Rule("{ from: $.phone, when: { $.phone_kind: mobile } }"),
    ),
    row("const literal set static fixed", Step("constant: customer")),
    row(
        "script code expr expression js javascript python lua rhai eval lambda function cel vrl jq bloblang",
        Rule("{ with: { name: $.name }, script: \"upper(name)\", on_error: warn }"),
    ),
    row(
        "log print debug puts trace echo",
        Nothing("a rule has no output; `landfall explain` shows every step with its value"),
    ),
    row("assert raise throw fail error abort", Rule("{ from: $.id, required: true }")),
    row("pass noop identity nop self", Nothing("leave the step out: a rule without `do` takes the value as it is")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::diag::render::human;
    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::ops;

    /// The findings of a rule file with one working value.
    fn findings_of(rule: &str) -> String {
        let text = format!("landfall: 1\ndefaults: {{ on_error: warn }}\naccount:\n  custom.x: {rule}\n");
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("rules.yaml", text);
        compile(&mut files, file, &NoFiles, &mut findings);
        human(&files, &findings.sorted(), false)
    }

    #[test]
    fn all_suggestions_compile() {
        for row in FOREIGN {
            let rule = match row.write {
                Step(step) | Shown(step) if step.contains(':') => format!("{{ from: $.a, do: [ {{ {step} }} ] }}"),
                Step(step) | Shown(step) => format!("{{ from: $.a, do: [ {step} ] }}"),
                Steps(steps) => format!("{{ from: $.a, do: [ {steps} ] }}"),
                Rule(rule) => rule.to_owned(),
                Condition(condition) => format!("{{ from: $.a, when: {condition} }}"),
                Nothing(_) => continue,
            };
            assert_eq!(findings_of(&rule), "", "{}", row.names);
        }
    }

    #[test]
    fn names_are_unique_and_not_steps() {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for row in FOREIGN {
            for name in row.names.split(' ') {
                assert!(ops::find(name).is_none(), "`{name}` is a step");
                assert_eq!(seen.insert(plain(name), row.names), None, "`{name}` is listed twice");
            }
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for (name, step) in [
            ("toLowerCase", "lowercase"),
            ("JSON.parse", "parse_json"),
            ("contains?", ""),
            ("START_WITH?", "starts_with: \"+\""),
        ] {
            let found = find(name).map_or("", |row| match row.write {
                Step(step) => step,
                _ => "another",
            });
            assert_eq!(found, step, "{name}");
        }
    }
}
