# The job in jq. The tables come in once as `$tables`; no regex, because jaq compiles a regex anew each time it is used.

# jq's own function knows ASCII only
def lower:
  if length == utf8bytelength then ascii_downcase
  else explode | map(if . >= 65 and . <= 90 or . >= 192 and . <= 222 and . != 215 then . + 32 end) | implode end;
def present: select(. != null and trim != "");
def stored_time: try (strptime("%Y-%m-%d %H:%M:%S") | mktime | todate) catch null;

. as $r
| ($r.contact.mail | trim | lower | select((. / "@") as $halves | $halves | length == 2 and .[0] != "" and (.[1] | contains(".")))) as $mail
| ($r.person.name / " " | map(select(. != ""))) as $names
| ($names[:-1] | join(" ")) as $given
| {
    external_id: "shop:\($r.id)",
    username: ($r.login | trim | lower),
    email: { value: $mail, verified: ($tables.flags[$r.contact.mail_ok] // false) },
    phone: (
      $r.contact.phone
      | if startswith("+") then explode | map(select(. >= 48 and . <= 57)) | implode else "" end
      | if length >= 7 and length <= 15 then { value: "+\(.)", verified: ($tables.flags[$r.contact.phone_ok] // false) } else null end
    ),
    name: { full: "\($given) \($names[-1])", given: $given, family: $names[-1], nickname: first($r.person.nick, $r.person.alias, $r.login | present) },
    gender: $tables.genders[$r.person.sex],
    birthdate: ($r.person.born | try (strptime("%d.%m.%Y") | strftime("%Y-%m-%d")) catch null),
    locale: $tables.languages[$r.person.language],
    zoneinfo: (first($r.person.zone | present) // "Europe/Berlin"),
    website: $r.contact.web,
    address: {
      street_address: $r.address.street, locality: $r.address.city, postal_code: $r.address.zip,
      country: $tables.countries[$r.address.country]
    },
    status: $tables.states[$r.state],
    created_at: ($r.dates.created | stored_time),
    updated_at: ($r.dates.changed | stored_time),
    last_login_at: ($r.dates.seen | tonumber | todate),
    roles: (reduce ($r.groups[] | $tables.roles[.] | values) as $role ([]; if index($role) then . else . + [$role] end)),
    tags: ($r.tags / "," | map(trim)),
    custom: (
      { orders: ($r.stats.orders | tonumber), newsletter: $tables.flags[$r.flags.newsletter] }
      | if $r.kind == "business" then .company = $r.company.name end
    )
  }
| map_values(values)
