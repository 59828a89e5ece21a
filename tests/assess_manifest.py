#!/usr/bin/env python3
"""Compares `landfall assess` on an invented WordPress user base with its manifest.

    python3 make_legacy.py --users 10000 --seed 1 --sql "" --out DIR
    python3 assess_manifest.py --bin target/release/landfall --rules rules/wordpress.yaml --folder DIR

Counts every kind of dirt again from the export and from the accounts that `landfall transform` makes, and checks that the
assessment says the same: also of the same records, and also when two parts are merged. Standard library only.
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

NOW = "2026-01-01T00:00:00Z"
KNOWN_ROLES = ["customer", "subscriber", "contributor", "author", "editor", "shop_manager", "administrator"]


def run(program, *words):
    """Runs the program, and says what it took."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen([str(program), *map(str, words), "--force"], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            errors.seek(0)
            sys.exit("%s failed: %s" % (words[0], errors.read().decode()))
    name = "merge" if "merge" in words else words[0]
    seconds = (time.monotonic() - began, used.ru_utime + used.ru_stime)
    print("%-9s %7.2f s, %7.2f s of processors, %4d MiB at most" % (name, *seconds, used.ru_maxrss // 1024), flush=True)


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def meta(record, key):
    return next((row["meta_value"] for row in reversed(record["meta"]) if row["meta_key"] == key), "")


def dirt(record):
    """The kinds of dirt of a record, as far as they are visible in the record alone."""
    phone, roles = meta(record, "billing_phone"), meta(record, "wp_capabilities")
    good = ("+1202", "+1 (202) ", "(202) ", "+4420", "+44 20 7", "020 ")
    if not phone:
        yield "phone_missing"
    elif " x" in phone or " / " in phone or not phone.startswith(good):
        yield "phone_bad"
    if not roles:
        yield "role_none"
    elif not any('"%s"' % role in roles for role in KNOWN_ROLES):
        yield "role_unknown"
    if record["user_registered"] == "0000-00-00 00:00:00":
        yield "date_zero"
    if record["display_name"] == record["user_login"]:
        yield "names_missing"
    if meta(record, "account_blocked") == "1":
        yield "blocked"
    stored = record["user_pass"]
    if stored in ("", "*", "!"):
        yield "hash_unusable"
    elif stored.startswith("$P$"):
        yield "hash_phpass"
    elif stored.startswith("$wp$"):
        yield "hash_wp68"
    elif stored.startswith("$2y$"):
        yield "hash_bcrypt"
    else:
        yield "hash_md5"


def login(text):
    """A login as a login form compares it; nothing if it cannot be typed."""
    text = text.strip(" ")
    return text.lower() if text and not any(c.isspace() for c in text) else None


class Checks:
    def __init__(self):
        self.failed = 0
        self.count = 0

    def equal(self, what, found, wanted):
        self.count += 1
        if found != wanted:
            self.failed += 1
            print("WRONG %s: %r, and not %r" % (what, found, wanted))


def shared(owners):
    """Of owners by identifier: how many identifiers several have, and the owners."""
    groups = [numbers for numbers in owners.values() if len(numbers) > 1]
    return len(groups), set().union(*groups) if groups else set()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rules", required=True)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    options = parser.parse_args()
    folder, program = options.folder, options.bin
    export = folder / "wordpress_users.ndjson"
    counts = json.loads((folder / "manifest.json").read_text())["counts"]
    users = json.loads((folder / "manifest.json").read_text())["users"]
    accounts, rejects, out = (folder / name for name in ("accounts.ndjson", "rejects.ndjson", "assessment.json"))
    run(program, "transform", "--rules", options.rules, "--in", export, "--out", accounts, "--rejects", rejects, "--now", NOW)
    common = ["--rules", options.rules, "--now", NOW, "--name", "users"]
    run(program, "assess", *common, "--in", export, "--no-measure", "--out", out, "--duplicates", folder / "duplicates.ndjson")
    document = json.loads(out.read_text())

    # what the rejected records took with them is in no account
    rejected, lost = set(), collections.Counter()
    for reject in lines(rejects):
        record = reject["record"]
        rejected.add(record["ID"])
        lost.update(dirt(record))
    kept = {kind: count - lost[kind] for kind, count in counts.items()}
    checks = Checks()
    records = document["records"]
    checks.equal("records", records["all"], users)
    checks.equal("invalid", records["invalid"], counts["email_missing"] + counts["email_invalid"])
    checks.equal("rejected", len(rejected), records["invalid"])
    checks.equal("accounts", records["accounts"], users - records["invalid"])
    claims = {claim["name"]: claim for claim in document["claims"]}
    for name, what, wanted in [
        ("email.value", "made", records["accounts"]),
        ("email.value", "invalid", records["invalid"]),
        ("phone.value", "warned", kept["phone_bad"]),
        ("phone.value", "missing", kept["phone_missing"]),
        ("phone.value", "made", records["accounts"] - kept["phone_bad"] - kept["phone_missing"]),
        ("roles", "warned", kept["role_unknown"]),
        ("roles", "missing", kept["role_none"]),
        ("created_at", "missing", kept["date_zero"]),
        ("name.full", "missing", kept["names_missing"]),
        ("must_change_password", "made", kept["hash_unusable"]),
    ]:
        checks.equal("%s %s" % (name, what), claims[name][what], wanted)
    checks.equal("lookups", [(one["rule"], one["table"], one["missing"]) for one in document["lookups"]], [("roles", "roles", counts["role_unknown"])])
    fields = {field["path"]: field for field in document["fields"]}
    mail = fields["$.user_email"]
    checks.equal("empty addresses", mail["empty"], counts["email_missing"])
    checks.equal("addresses", mail["formats"]["email"], users - counts["email_missing"] - counts["email_invalid"])
    checks.equal("padded addresses", mail["formats"]["padded"] >= counts["email_padded"], True)
    checks.equal("no dates", fields["$.user_registered"]["formats"]["no_date"], counts["date_zero"])
    stored = fields["$.user_pass"]
    checks.equal("hashes", stored["formats"]["stored_password"], counts["hash_phpass"] + counts["hash_wp68"] + counts["hash_bcrypt"])
    checks.equal("bare MD5", stored["formats"]["hex_digest"], counts["hash_md5"])
    checks.equal("values of hashes", (stored["values"], stored["patterns"]), ([], []))
    schemes = collections.Counter()
    for scheme in document["passwords"]["schemes"]:
        schemes[scheme["scheme"], scheme["cost"].startswith("1 digest")] += scheme["count"]
    wanted = {("phpass", False): "hash_phpass", ("bcrypt", False): "hash_bcrypt"}
    for key, kind in wanted.items():
        checks.equal("scheme %s" % key[0], schemes.pop(key, 0), kept[kind])
    checks.equal("other schemes", sum(schemes.values()), kept["hash_wp68"] + kept["hash_md5"])
    checks.equal("no stored password", document["passwords"]["none"] + sum(one["count"] for one in document["passwords"]["unusable"]), kept["hash_unusable"])

    # what records share, counted from the accounts, and from the export for records without one
    mails, phones, logins, numbers, own, disabled, changing = ({} for _ in range(7))
    for account in lines(accounts):
        number = int(account["external_id"])
        mails.setdefault(account["email"]["value"], set()).add(number)
        if "phone" in account:
            phones.setdefault(account["phone"]["value"], set()).add(number)
        numbers[number] = account["email"]["value"]
        if account.get("status") == "disabled":
            disabled[number] = True
        if account.get("must_change_password"):
            changing[number] = True
    names = {}
    for record in lines(export):
        number = record["ID"]
        typed = {one for one in (login(record["user_login"]), login(record["user_email"])) if one}
        own[number] = typed
        for one in typed:
            logins.setdefault(one, set()).add(number)
            if one != numbers.get(number):
                names.setdefault(one, set()).add(number)
    found = {shared["of"]: shared for shared in document["duplicates"]}
    wanted = {"login": shared(logins), "email": shared(mails), "phone": shared(phones)}
    collisions = {one: names[one] | mails[one] for one in names if one in mails and len(names[one] | mails[one]) > 1}
    wanted["name_is_email"] = shared(collisions)
    checks.equal("kinds of duplicates", set(found), {kind for kind, (count, _) in wanted.items() if count})
    groups = collections.Counter()
    for group in lines(folder / "duplicates.ndjson"):
        groups[group["of"]] += 1
    for kind, (identifiers, owners) in wanted.items():
        if identifiers:
            checks.equal("identifiers of %s" % kind, found[kind]["identifiers"], identifiers)
            checks.equal("records of %s" % kind, found[kind]["records"], len(owners))
            checks.equal("lines of %s" % kind, groups[kind], identifiers)
    checks.equal("repeated addresses", sum(len(owners) - 1 for owners in mails.values()), counts["email_duplicate"])
    checks.equal("distinct addresses", len(mails), counts["emails_distinct_after_folding"])

    forecast = document["forecast"]
    contested = {one for one, owners in logins.items() if len(owners) > 1}
    stuck = {number for number in numbers if own[number] <= contested and number not in disabled}
    cannot = rejected | set(disabled) | stuck
    checks.equal("blocked", len(disabled), kept["blocked"])
    checks.equal("cannot migrate", forecast["cannot"], len(cannot))
    checks.equal("new password", forecast["new_password"], len(set(changing) - cannot))
    checks.equal("migrate", forecast["migrate"], users - len(cannot | set(changing)))

    # two parts, merged, are the whole
    middle = users * 2 // 5
    parts = [folder / name for name in ("one.ndjson", "two.ndjson")]
    with open(export, encoding="utf-8") as file, open(parts[0], "w", encoding="utf-8") as one, open(parts[1], "w", encoding="utf-8") as two:
        for at, line in enumerate(file):
            (one if at < middle else two).write(line)
    for part in parts:
        run(program, "assess", *common, "--in", part, "--partial", part.with_suffix(".part"))
    run(program, "assess", "merge", *[part.with_suffix(".part") for part in parts], "--no-measure", "--out", folder / "merged.json", "--duplicates", folder / "merged.ndjson")
    checks.equal("merged document", (folder / "merged.json").read_bytes() == out.read_bytes(), True)
    checks.equal("merged duplicates", (folder / "merged.ndjson").read_bytes() == (folder / "duplicates.ndjson").read_bytes(), True)
    print("%d checks, %d wrong" % (checks.count, checks.failed))
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
