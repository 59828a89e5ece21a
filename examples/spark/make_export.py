#!/usr/bin/env python3
"""Writes the invented customers of a shop as an export in several files, with what exports contain besides good records.

    python3 make_export.py --customers 10000 --parts 6 --out data/export

The same arguments make the same files. The last part is empty.
"""

import argparse
import json
from pathlib import Path

GIVEN = "Ada Bram Çelik Dario Edda Fergus Grete Hollis Imke José Kira Łucja Mabel Nadia Øyvind Petra Quentin Rosalind".split()
FAMILY = "Ahlgren Brandt Costa Dvořák Eriksen Fontaine García Hansen Ito Jansen Kowalska Lund Müller Novák O'Neill Petrov".split()
HASH = "$2y$10$QAKeADf3D1INzoIzoc8V4uwEwi8cjqDX6FUwr9UXdwxeW/73IrpaW"


def customer(number):
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
    record = {
        "id": number,
        "login": f"customer{number}",
        "mail": f"Customer{number}@Example.com",
        "password": HASH,
        "name": f"{given}  {family}",
        "phone": f"+4930901{number % 10000:04}",
        "born": f"{1950 + number % 50}-{1 + number % 12:02}-{1 + number % 28:02}",
        "registered": f"2019-04-{1 + number % 30:02} 08:15:{number % 60:02}",
        "state": "closed" if number % 40 == 0 else "active",
        "note": "prefers letters; " * (number % 20),
    }
    if number % 60 == 1:
        # line ends of Unicode, which end no line of NDJSON
        record["name"] = f"{given}\u2028{family}\u0085"
        record["note"] = "first\u2028second\u2029third\u0085"
    if number % 100 == 7:
        del record["mail"]
    return record


def lines(number):
    """The lines of a customer: one, or none, or several."""
    text = json.dumps(customer(number), ensure_ascii=False).encode()
    if number % 250 == 3:
        text = text[:-20]  # cut off
    if number % 500 == 9:
        text = text.replace(b"customer", b"customer\xff")  # not UTF-8
    if number % 700 == 11:
        text = text.replace(b", ", b",\r")  # a blank of JSON that other readers take for the end of a line
    if number == 13:
        text = text.replace(b"prefers", b"prefers" + b"-" * 900_000, 1)
    if number == 14:
        text = text.replace(b"prefers", b"prefers" + b"-" * 1_200_000, 1)  # longer than a record may be
    yield text + (b"\r\n" if number % 3 == 0 else b"\n")
    if number % 300 == 17:
        yield text + b"\n\n"  # twice, and a blank line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10000)
    parser.add_argument("--parts", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("data/export"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True)
    filled = max(arguments.parts - 1, 1)
    for part in range(arguments.parts):
        numbers = range(part * arguments.customers // filled, (part + 1) * arguments.customers // filled)
        with open(arguments.out / f"part-{part:05}.ndjson", "wb") as file:
            for number in numbers if part < filled else ():
                file.writelines(lines(number + 1))


if __name__ == "__main__":
    main()
