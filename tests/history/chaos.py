#!/usr/bin/env python3
"""A history checker for Landfall, in the manner of Jepsen. Python 3.11, standard library only.

    python3 tests/history/chaos.py --bin target/release/landfall --customers 300 --seconds 60 --seed 1 --processes 2 --kill-rate 12
    python3 tests/history/chaos.py --bin target/release/landfall --source postgres     # the legacy system is a PostgreSQL server
    python3 tests/history/chaos.py --bin target/release/landfall --store postgres      # ledger and accounts are in PostgreSQL
    python3 tests/history/chaos.py --bin target/release/landfall --scenario all        # small, deterministic reproductions

Random clients work at one or two `landfall serve` on the same ledger and account store while a nemesis kills, pauses,
locks, fills the disk, hides the export (or stops the server with it), stops the server with the ledger and swaps rules. Every call is recorded with the time it began and ended and what was
answered. Afterwards each customer's history is held against a model (linearizability, one customer at a time), and the books,
the store, the audit, the events and the logs are held against the history. Exit code 1 when something contradicts a promise.

The model of one customer: no account; a pending account; an active account with one password; and beside it whether the
customer is buried. Calls without a definite answer (503, connection lost, command killed) may have happened or not, at any
time until their process was killed or --late seconds have passed.
"""

import argparse
import asyncio
import collections
import glob
import hashlib
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
try:
    import crypt  # gone in Python 3.13; then there are fewer schemes
except ImportError:  # pragma: no cover
    crypt = None

NOW = time.monotonic
I64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


# ---------------------------------------------------------------------------------------------------------------- legacy


def phpass(password, salt, cost="5"):
    turns, text = 1 << I64.index(cost), password.encode()
    digest = hashlib.md5(salt.encode() + text).digest()
    for _ in range(turns):
        digest = hashlib.md5(digest + text).digest()
    out, at = "", 0
    while at < 16:
        value = digest[at]
        at += 1
        out += I64[value & 63]
        if at < 16:
            value |= digest[at] << 8
        out += I64[(value >> 6) & 63]
        if at >= 16:
            break
        at += 1
        if at < 16:
            value |= digest[at] << 16
        out += I64[(value >> 12) & 63]
        if at >= 16:
            break
        at += 1
        out += I64[(value >> 18) & 63]
    return "$P$" + cost + salt + out


def salt(rng, length):
    return "".join(rng.choice(I64[2:]) for _ in range(length))


def stored(rng, number, password):
    """A cheap legacy hash; the scheme goes round."""
    kinds = ["md5", "phpass", "md5"] + (["bcrypt", "sha512crypt"] if crypt else [])
    kind = kinds[number % len(kinds)]
    if kind == "phpass":
        return phpass(password, salt(rng, 8))
    if kind == "bcrypt":
        return crypt.crypt(password, "$2b$04$" + salt(rng, 21) + "u")
    if kind == "sha512crypt":
        return crypt.crypt(password, "$6$rounds=1000$" + salt(rng, 8))
    return hashlib.md5(password.encode()).hexdigest()


FORENAMES = ["Ida", "Tomas", "Zoë", "Jörg", "ADA", "mia", "Łukasz", "Renée"]


class Customer:
    def __init__(self, rng, number, blocked):
        self.number, self.blocked = number, blocked
        name = FORENAMES[number % len(FORENAMES)]
        self.username = f"{name}.Brandt{number}"
        mail = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "x"
        self.email = f"{mail}.B{number}@Example{'.COM' if number % 2 else '.com'}"
        self.legacy = f"L{number}-{salt(rng, 10)}"
        self.hash = stored(rng, number, self.legacy)
        # What the harness knows, for choosing what to do next. The checker does not use it.
        self.passwords = [self.legacy]
        self.acknowledged = self.legacy
        self.ids = []
        self.deleting = False

    def record(self):
        return {
            "ID": self.number,
            "user_login": self.username,
            "user_email": self.email,
            "display_name": f"Customer  {self.number}",
            "user_pass": self.hash,
            "blocked": 1 if self.blocked else 0,
        }

    def spelling(self, rng):
        """One of the ways to type who one is."""
        kind = rng.randrange(10)
        if kind < 3:
            return self.username
        if kind < 5:
            return self.email
        if kind == 5:
            return self.username.upper()
        if kind == 6:
            return self.email.lower()
        if kind == 7:
            return unicodedata.normalize("NFD", self.username.lower())
        if kind == 8:
            return " " + self.email.upper() + " "
        # Full-width letters are the same letters (RFC 8265).
        return "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in self.username)

    def saw(self, account):
        if account and account not in self.ids:
            self.ids.append(account)


RULES = """landfall: 1
name: chaos
target: standard
defaults: {{ on_error: warn }}
identify:
  id: $.ID
  logins: [ $.user_login, $.user_email ]
admit:
  - deny: blocked
    when: {{ $.blocked: 1 }}
account:
  external_id: "chaos:{{$.ID}}"
  username: $.user_login
  email.value: {{ from: $.user_email, do: [ email ], required: true }}
  email.verified: true
  name.full: {{ value: "{mark}" }}
  name.nickname: {{ value: "{mark}" }}
credential: {{ from: $.user_pass, scheme: [ phpass, bcrypt, sha512crypt, md5 ] }}
"""

SETTINGS = """listen: 127.0.0.1:${{PORT:-18080}}
rules: rules/chaos.yaml
source: {source}
target: {{ kind: sql, url: "{accounts}" }}
ledger: {{ url: "{ledger}", key: file:ledger.key }}
password:
  argon2: {{ memory: {argon2}, passes: {passes}, lanes: 1 }}
  decoy: {{ scheme: md5, value: 0cc175b9c0f1b6a831c399e269772661 }}
login:
  floor: 20ms
  quantum: 10ms
  attempts: {{ customer: {{ limit: {limit} }}, network: {{ limit: 1000000 }} }}
{hooks}service:
  callers: [ {{ name: chaos, bearer: file:caller.token }} ]
log: {{ level: info, format: json }}
"""

HOOKS = """hooks:
  webhooks:
    - {{ name: sink, url: "http://127.0.0.1:{port}/events", secret: file:sink.key, events: [ migrated, needs_action, password_reset, failed ] }}
"""


class ExportFile:
    """The legacy system as a file."""

    settings = "{ kind: file, name: chaos, path: export.ndjson, logins: [ $.user_login, $.user_email ] }"

    def __init__(self, folder, customers):
        self.path = os.path.join(folder, "export.ndjson")
        with open(self.path, "w") as out:
            for customer in customers:
                out.write(json.dumps(customer.record(), ensure_ascii=False) + "\n")

    def hide(self):
        os.rename(self.path, self.path + ".away")

    def show(self):
        os.rename(self.path + ".away", self.path)

    def close(self):
        pass


class Postgres:
    """The legacy system as a PostgreSQL server of its own, which is stopped in both ways and started again."""

    def __init__(self, _folder, customers):
        found = [os.path.dirname(path) for path in glob.glob("/usr/lib/postgresql/*/bin/postgres")]
        found.sort(key=lambda path: int(path.split("/")[-2]) if path.split("/")[-2].isdigit() else 0)
        on_path = shutil.which("postgres")
        if not found and not on_path:
            raise SystemExit("PostgreSQL is not installed; `tests/run` installs what the tests need")
        self.programs = found[-1] if found else os.path.dirname(on_path)
        # The server does not run as root, and its user cannot enter the folders of this one.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder = tempfile.mkdtemp(prefix="landfall-chaos-postgres-")
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port, self.password, self.stops, self.child = free_port(), secrets.token_hex(16), 0, None
        try:
            with open(self.path("password"), "w") as out:
                out.write(self.password)
            if self.user:
                shutil.chown(self.path("password"), "postgres")
            self.run("initdb", "-D", self.path("data"), "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "-U", "admin", "--no-sync", "--pwfile", self.path("password"))
            self.show()
            self.fill(customers)
        except BaseException:
            self.close()
            raise
        query = "SELECT * FROM customer WHERE login_key = :identifier OR mail_key = :identifier"
        self.settings = f'{{ kind: sql, name: chaos, url: "postgres://reader:{self.password}@127.0.0.1:{self.port}/postgres", record: "{query}" }}'

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, program, *arguments, **more):
        done = subprocess.run([os.path.join(self.programs, program), *arguments], capture_output=True, text=True, cwd=self.folder, **self.user, **more)
        if done.returncode != 0:
            raise SystemExit(f"{program}: {done.stderr}")

    def fill(self, customers):
        quoted = lambda value: str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
        kinds = {"ID": "int", "blocked": "int"}
        columns = [*customers[0].record(), "login_key", "mail_key"]
        # The keys are in the one spelling that identifiers have.
        rows = [[*c.record().values(), unicodedata.normalize("NFC", c.username.lower()), c.email.lower()] for c in customers]
        declared = ", ".join(f'"{name}" {kinds.get(name, "text")}' for name in columns)
        values = ",\n".join("(" + ", ".join(map(quoted, row)) + ")" for row in rows)
        sql = f"CREATE TABLE customer ({declared});\nINSERT INTO customer VALUES {values};\n"
        sql += f"CREATE USER reader PASSWORD '{self.password}'; GRANT SELECT ON customer TO reader;\n"
        env = {**os.environ, "PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"}
        self.run("psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "admin", "postgres", input=sql, env=env)

    def hide(self):
        # An orderly stop, which ends the connections, then a crash, which just drops them.
        self.child.send_signal(signal.SIGQUIT if self.stops % 2 else signal.SIGINT)
        self.stops += 1
        self.child.wait()

    def show(self):
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        command = [os.path.join(self.programs, "postgres"), "-D", self.path("data"), *(part for s in settings for part in ("-c", s))]
        with open(self.path("log"), "ab") as log:
            self.child = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self.user)
        probe = [os.path.join(self.programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(probe).returncode != 0:
            if self.child.poll() is not None:
                raise RuntimeError(f"the server has ended: {open(self.path('log')).read()[-500:]}")
            time.sleep(0.02)

    def close(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


SOURCES = {"file": ExportFile, "postgres": Postgres}


class Files:
    """The ledger and the account store as SQLite files."""

    settings = {"accounts": "sqlite:data/accounts.db", "ledger": "sqlite:data/ledger.db"}

    def __init__(self, data):
        self.places = {name: os.path.join(data, f"{name}.db") for name in ("accounts", "ledger")}

    def rows(self, name, sql, values):
        connection = sqlite3.connect(f"file:{self.places[name]}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def unsent(self):
        return self.rows("ledger", "SELECT COUNT(*) FROM outbox WHERE attempts = 0", ())[0][0]

    def lock(self, which):
        """Another connection holds the file's write lock, as a careless script of an operator would. Returns what ends it."""
        connection = sqlite3.connect(self.places[which], timeout=5, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            return None

        def end():
            # A rolled-back transaction leaves nothing. Closing the last connection is not us: the services are open.
            connection.execute("ROLLBACK")
            connection.close()

        return end

    def contents(self):
        return {path: open(path, "rb").read() for path in self.places.values()}

    def close(self):
        pass


class Database(Postgres):
    """The ledger and the account store in one PostgreSQL database."""

    SEPARATORS = {"field": "\x1f", "record": "\x1e", "null": "\x01"}

    def __init__(self, _data):
        super().__init__(None, None)
        url = f"postgres://landfall:{self.password}@127.0.0.1:{self.port}/landfall"
        self.settings = {"accounts": url, "ledger": url}

    def fill(self, _customers):
        for sql in [f"CREATE ROLE landfall LOGIN PASSWORD '{self.password}'", "CREATE DATABASE landfall OWNER landfall"]:
            self.psql("admin", "postgres", sql)

    def psql(self, user, database, sql):
        env = {**os.environ, "PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"}
        options = ["-XAtqw", "-v", "ON_ERROR_STOP=1", "-F", self.SEPARATORS["field"], "-R", self.SEPARATORS["record"], "-P", f"null={self.SEPARATORS['null']}"]
        command = [os.path.join(self.programs, "psql"), *options, "-h", "127.0.0.1", "-p", str(self.port), "-U", user, database, "-c", sql]
        done = subprocess.run(command, capture_output=True, cwd=self.folder, env=env, **self.user)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr.decode()}")
        return done.stdout.decode()

    def rows(self, _name, sql, values):
        for value in values:
            sql = sql.replace("?", "'" + str(value).replace("'", "''") + "'", 1)
        sql = re.sub(r"\bFROM (\w+)", r"FROM landfall_\1", sql)
        text = self.psql("landfall", "landfall", sql).removesuffix("\n")
        read = lambda cell: None if cell == self.SEPARATORS["null"] else int(cell) if re.fullmatch(r"-?\d+", cell) else cell
        return [tuple(map(read, row.split(self.SEPARATORS["field"]))) for row in text.split(self.SEPARATORS["record"]) if row]

    def unsent(self):
        return self.rows("ledger", "SELECT (SELECT COUNT(*) FROM outbox WHERE NOT routed) + (SELECT COUNT(*) FROM deliveries WHERE attempts = 0)", ())[0][0]

    def lock(self, which):
        """A session holds what every creation, or every decision, must lock."""
        table = {"accounts": "landfall_account_stripes", "ledger": "landfall_head"}[which]
        env = {**os.environ, "PGPASSWORD": self.password}
        command = [os.path.join(self.programs, "psql"), "-Xqw", "-h", "127.0.0.1", "-p", str(self.port), "-U", "landfall", "landfall"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, env=env, **self.user)
        child.stdin.write(f"BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE;\n".encode())
        child.stdin.flush()

        def end():
            child.communicate(b"ROLLBACK;\n")

        return end

    def contents(self):
        env = {**os.environ, "PGPASSWORD": self.password}
        command = [os.path.join(self.programs, "pg_dump"), "-w", "-h", "127.0.0.1", "-p", str(self.port), "-U", "landfall", "landfall"]
        done = subprocess.run(command, capture_output=True, cwd=self.folder, env=env, check=True, **self.user)
        return {"database": done.stdout}


STORES = {"files": Files, "postgres": Database}


class World:
    """A folder with everything that Landfall needs, and the processes on it."""

    def __init__(self, args, rng, name, sink_port=None, limit=1_000_000, customers=None, tmpfs=0, argon2=None, passes=1):
        self.args, self.rng = args, rng
        os.makedirs(args.folder, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix=f"{name}-", dir=args.folder)
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data)
        self.tmpfs = False
        if tmpfs:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={tmpfs}m", "tmpfs", self.data], capture_output=True)
            self.tmpfs = done.returncode == 0
        count = args.customers if customers is None else customers
        self.customers = [Customer(rng, number, number % 50 == 49) for number in range(1, count + 1)]
        os.makedirs(self.path("rules"))
        self.legacy = SOURCES[args.source](self.folder, self.customers)
        self.store = STORES[args.store](self.data)
        self.rules("v0")
        self.token = secrets.token_hex(32)
        for file, text in [("ledger.key", secrets.token_hex(32)), ("caller.token", self.token), ("sink.key", secrets.token_hex(32))]:
            with open(os.open(self.path(file), os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
                out.write(text)
        self.settings = self.path("landfall.yaml")
        hooks = HOOKS.format(port=sink_port) if sink_port else ""
        with open(self.settings, "w") as out:
            out.write(SETTINGS.format(source=self.legacy.settings, **self.store.settings, argon2=argon2 or args.argon2, passes=passes, limit=limit, hooks=hooks))
        self.processes = []

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def accounts_db(self):
        return self.store, "accounts"

    @property
    def ledger_db(self):
        return self.store, "ledger"

    def rules(self, mark, how="replace"):
        path = self.path("rules/chaos.yaml")
        text = RULES.format(mark=mark)
        if how == "replace":
            with open(path + ".new", "w") as out:
                out.write(text)
            os.replace(path + ".new", path)
            return
        # Written in place, in two halves with a pause: what a careless deployment does.
        with open(path, "w") as out:
            half = text.index("do: [ email") + 6
            out.write(text[:half])
            out.flush()
            time.sleep(0.02)
            out.write(text[half:])

    def break_rules(self, rng):
        path = self.path("rules/chaos.yaml")
        good = open(path).read()
        # Half a file must not be a whole one by chance: rules without `credential` are valid, and then nobody can prove anything.
        bad = rng.choice([good[: good.index("do: [ email") + 6], good + "\nnonsense: [", good.replace("username:", "usrname:"), ""])
        with open(path, "w") as out:
            out.write(bad)
        return good

    def command(self, *arguments):
        asks = arguments[:1] == ("undo",) or arguments[:2] == ("account", "delete")
        return [self.args.bin, *arguments, *(["--yes"] if asks else []), "--config", self.settings]

    def run(self, *arguments, timeout=60):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=timeout, cwd=self.folder)

    def close(self):
        for process in self.processes:
            process.end_now()
        self.legacy.close()
        self.store.close()
        if self.tmpfs:
            subprocess.run(["umount", "-l", self.data], capture_output=True)


# ------------------------------------------------------------------------------------------------------------- processes


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """One `landfall serve`, over its incarnations."""

    def __init__(self, world, index):
        self.world, self.index, self.port = world, index, free_port()
        self.child, self.runs, self.log = None, [], world.path(f"serve-{index}.log")
        self.stops = []  # [from, to]
        self.rss = []
        world.processes.append(self)

    @property
    def run(self):
        return len(self.runs) - 1

    def spawn(self):
        log = open(self.log, "ab")
        env = {**os.environ, "PORT": str(self.port)}
        self.child = subprocess.Popen(self.world.command("serve"), stdout=log, stderr=log, env=env, cwd=self.world.folder)
        log.close()
        self.runs.append({"spawn": NOW(), "ready": None, "end": None, "how": None, "pid": self.child.pid})

    async def start(self, patience=30.0):
        """Starts and waits until it is ready; tries again when it ends at once."""
        began, failed = NOW(), 0
        self.spawn()
        while NOW() - began < patience:
            if self.child.poll() is not None:
                self.runs[-1].update(end=NOW(), how=f"exit {self.child.returncode}")
                failed += 1
                await asyncio.sleep(0.2)
                self.spawn()
                continue
            if await self.ready():
                self.runs[-1]["ready"] = NOW()
                self.runs[-1]["failed_starts"] = failed
                return True
            await asyncio.sleep(0.01)
        return False

    async def ready(self):
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 1)
        except (OSError, asyncio.TimeoutError):
            return False
        try:
            writer.write(b"GET /health/ready HTTP/1.1\r\nhost: l\r\nconnection: close\r\n\r\n")
            head = await asyncio.wait_for(reader.readline(), 3)
            return b" 200 " in head
        except (OSError, asyncio.TimeoutError):
            return False
        finally:
            writer.close()

    def send(self, number):
        self.child.send_signal(number)

    async def kill(self, number=signal.SIGKILL):
        self.runs[-1]["told"] = NOW()
        self.child.send_signal(number)
        while self.child.poll() is None:
            await asyncio.sleep(0.002)
        self.runs[-1].update(end=NOW(), how=signal.Signals(number).name, code=self.child.returncode)

    def end_now(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.kill()
            self.child.wait()
            self.runs[-1].update(end=NOW(), how="end")

    def sample(self):
        try:
            with open(f"/proc/{self.child.pid}/status") as file:
                for line in file:
                    if line.startswith("VmRSS:"):
                        self.rss.append((NOW(), self.run, int(line.split()[1])))
        except (OSError, AttributeError):
            pass


# ------------------------------------------------------------------------------------------------------------------ HTTP


class Lost(Exception):
    """The connection ended before an answer: it may have happened."""


class NotSent(Exception):
    """Nobody listens: it has not happened."""


class Client:
    """One keep-alive connection."""

    def __init__(self, process, token):
        self.process, self.token = process, token
        self.reader = self.writer = None

    def drop(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def call(self, method, path, body, request_id, timeout=25):
        if self.reader is None or self.reader.at_eof():
            self.drop()
            try:
                self.reader, self.writer = await asyncio.wait_for(
                    asyncio.open_connection("127.0.0.1", self.process.port), 5
                )
            except (OSError, asyncio.TimeoutError) as error:
                raise NotSent from error
        data = json.dumps(body).encode() if body is not None else b""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: l\r\nauthorization: Bearer {self.token}\r\n"
            f"x-request-id: {request_id}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        )
        try:
            self.writer.write(head.encode() + data)
            return await asyncio.wait_for(self.answer(), timeout)
        except (OSError, EOFError, asyncio.TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            self.drop()
            raise Lost(type(error).__name__) from error

    async def answer(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        length = int(headers.get("content-length", 0))
        body = await self.reader.readexactly(length) if length else b""
        if headers.get("connection") == "close":
            self.drop()
        return status, body, headers


class Sink:
    """Receives webhooks; refuses some, so that they come again."""

    def __init__(self, rng):
        self.rng, self.events, self.server, self.port = rng, [], None, None
        self.on_event = lambda event: None
        self.refuse = 0.05

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                refused = self.rng.random() < self.refuse
                if not refused:
                    event = json.loads(body)
                    event["webhook_id"] = headers.get("webhook-id")
                    self.events.append(event)
                    self.on_event(event)
                status = "500 no" if refused else "200 ok"
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()


# --------------------------------------------------------------------------------------------------------------- history


class Op:
    __slots__ = ("n", "kind", "customer", "arg", "process", "run", "t0", "t1", "status", "body", "rid", "phase", "end", "note")

    def __init__(self, n, kind, customer, arg, process, run, phase):
        self.n, self.kind, self.customer, self.arg = n, kind, customer, arg
        self.process, self.run, self.phase = process, run, phase
        self.rid = f"op-{n}"
        self.t0 = NOW()
        self.t1 = self.status = self.end = None
        self.body, self.note = None, ""

    def ended(self, status, body=None):
        self.t1, self.status, self.body = NOW(), status, body
        return self

    def show(self, zero=0.0):
        to = "…" if self.t1 is None else f"{self.t1 - zero:9.4f}"
        where = "cli" if self.process is None else f"p{self.process}.{self.run}"
        return (
            f"{self.t0 - zero:9.4f} – {to:>9}  {where:<6} #{self.n:<6} {self.kind:<7} {json.dumps(self.arg, ensure_ascii=False)}"
            f" → {self.status} {json.dumps(self.body, ensure_ascii=False) if self.body else ''} {self.note}"
        )


class History:
    def __init__(self):
        self.ops, self.faults, self.zero, self.phase = [], [], NOW(), "chaos"
        self.refused_bodies = collections.Counter()

    def begin(self, kind, customer, arg, process=None):
        op = Op(len(self.ops), kind, customer, arg, process.index if process else None, process.run if process else None, self.phase)
        self.ops.append(op)
        return op

    def fault(self, kind, process=None):
        entry = {"kind": kind, "process": process, "from": NOW(), "to": None}
        self.faults.append(entry)
        return entry


class Caller:
    """One worker's connections, and its calls recorded."""

    def __init__(self, world, history):
        self.world, self.history = world, history
        self.clients = [Client(process, world.token) for process in world.processes]

    async def http(self, op, process, method, path, body):
        try:
            status, data, _headers = await self.clients[process.index].call(method, path, body, op.rid)
        except Lost as error:
            return op.ended("lost", str(error))
        except NotSent:
            return op.ended("refused")
        parsed = None
        if data:
            try:
                parsed = json.loads(data)
            except ValueError:
                parsed = data.decode("latin-1")
        if status == 401:
            self.history.refused_bodies[data] += 1
        return op.ended(status, parsed)

    async def login(self, process, customer, identifier, password, note=""):
        op = self.history.begin("login", customer and customer.number, [identifier, password], process)
        op.note = note
        await self.http(op, process, "POST", "/v1/login", {"identifier": identifier, "password": password})
        if op.status == 200 and customer:
            customer.saw(op.body["account_id"])
        return op

    async def signup(self, process, customer, identifier):
        op = self.history.begin("signup", customer and customer.number, [identifier], process)
        return await self.http(op, process, "POST", "/v1/signup-check", {"identifier": identifier})

    async def reset(self, process, customer, identifier):
        op = self.history.begin("reset", customer and customer.number, [identifier], process)
        return await self.http(op, process, "POST", "/v1/password-reset", {"identifier": identifier})

    async def set(self, process, customer, account, password):
        op = self.history.begin("set", customer.number, [account, password], process)
        customer.passwords.append(password)
        await self.http(op, process, "POST", f"/v1/accounts/{account}/password", {"password": password})
        if op.status == 204:
            customer.acknowledged = password
        return op

    async def get(self, process, customer, account):
        op = self.history.begin("get", customer.number, [account], process)
        return await self.http(op, process, "GET", f"/v1/accounts/{account}", None)


async def command(world, history, op, arguments, kill_after=None):
    """Runs a command of the program; killed after a while when that is wanted."""
    child = await asyncio.create_subprocess_exec(
        *world.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=world.folder
    )
    waiting = asyncio.ensure_future(child.communicate())
    killed = False
    if kill_after is not None:
        await asyncio.wait([waiting], timeout=kill_after)
        if not waiting.done():
            killed = True
            try:
                child.kill()
            except ProcessLookupError:
                pass
    out, error = await waiting
    code = child.returncode
    if code == 255:
        # Killing a child that has just ended takes its code away from asyncio's watcher, which then says 255.
        known = child._transport.get_extra_info("subprocess").returncode
        code = code if known is None else known
    status = "killed" if killed and code < 0 else f"exit {code}"
    text = out.decode().strip()
    if code not in (0, 1):
        text += " | " + error.decode().strip()[-200:]
    return op.ended(status, text)


# ----------------------------------------------------------------------------------------------------------------- model

# A state is (account, buried). An account is None or (kind, id, password, changed): kind "P" or "C"; id None when it has not
# been seen yet; changed whether somebody has changed it since it was made, so that undo must leave it alone.

NOBODY = (None, False)
DEFINITE_LOGIN = (200, 401)


def same(have, seen):
    return have is None or have == seen


def steps(op, state, customer):
    """The states after the operation happened with its answer, or might have. None when it cannot have."""
    account, buried = state
    kind, status = op.kind, op.status
    if kind == "login":
        password = op.arg[1]
        if status == 200:
            seen = op.body["account_id"]
            if op.body["outcome"] == "migrated":
                if buried or customer.blocked or password != customer.legacy:
                    return ()
                if account is None:
                    return ((("C", seen, password, False), buried),)
                if account[0] == "P" and same(account[1], seen):
                    # Completing a pending account is the migration, which undo takes back as any other.
                    return ((("C", seen, password, False), buried),)
                return ()
            if account and account[0] == "C" and account[2] == password and same(account[1], seen):
                return ((("C", seen, password, account[3]), buried),)
            return ()
        if status == 401:
            if account and account[0] == "C":
                right = account[2] == password
            else:
                right = password == customer.legacy and not buried and not customer.blocked
            return () if right else (state,)
        # Not known: only a migration could have left something.
        if password == customer.legacy and not buried and not customer.blocked:
            if account is None:
                return ((("C", None, password, False), buried),)
            if account[0] == "P":
                return ((("C", account[1], password, False), buried),)
        return ()
    if kind == "reset":
        made = (("P", None, None, False), buried)
        if status == 202:
            # 202 "in any case": also when nobody could tell. Only what the audit calls accepted must have been done.
            if account is None and not buried and not customer.blocked:
                return (made,) if op.note == "accepted" else (made, state)
            return (state,)
        return (made,) if account is None and not buried and not customer.blocked else ()
    if kind == "set":
        seen, password = op.arg
        is_its = account is not None and same(account[1], seen)
        after = (("C", seen, password, True), buried)
        if status == 204:
            return (after,) if is_its else ()
        if status == 404:
            return (state,) if account is None or account[1] is None or account[1] != seen else ()
        return (after,) if is_its else ()
    if kind == "get":
        seen = op.arg[0]
        if status == 200:
            name = {"P": "pending", "C": "active"}
            if account and same(account[1], seen) and name[account[0]] == op.body["state"]:
                return (((account[0], seen, account[2], account[3]), buried),)
            return ()
        if status == 404:
            return (state,) if account is None or account[1] is None or account[1] != seen else ()
        return ()
    if kind == "signup":
        # The legacy system has everybody, so nobody is ever free.
        return (state,) if op.body == {"available": False} else ()
    if kind == "delete":
        seen = op.arg[0]
        if status == "exit 0":
            return ((None, True),) if account and (seen is None or same(account[1], seen)) else ()
        if status == "exit 1":
            if account is None:
                return (state, (None, True))
            if seen is None or account[1] is None or account[1] != seen:
                return (state,)
            return ()
        return ((None, True),) if account and (seen is None or same(account[1], seen)) else ()
    if kind == "bury":  # the first half of a deletion
        return ((account, True),) if account else ()
    if kind == "undone":
        seen = op.arg[0]
        if account and not account[3] and (seen is None or same(account[1], seen)):
            return ((None, buried),)
        return ()
    if kind == "final":
        name = {"P": "pending", "C": "active"}
        if op.arg is None:
            return (state,) if account is None else ()
        if account and same(account[1], op.arg[0]) and name[account[0]] == op.arg[1]:
            return (((account[0], op.arg[0], account[2], account[3]), buried),)
        return ()
    raise AssertionError(kind)


def only_looks(op):
    """Whether the operation, with this answer, changes nothing in any state: then it may as well happen as soon as it fits."""
    if op.kind == "login":
        return op.status == 401 or op.status == 200 and op.body["outcome"] == "authenticated"
    return op.kind in ("get", "signup") or op.kind == "set" and op.status == 404


def is_definite(op):
    if op.kind == "login":
        return op.status in DEFINITE_LOGIN
    if op.kind == "reset":
        return op.status == 202 and op.note != "maybe later"
    if op.kind == "set":
        return op.status in (204, 404)
    if op.kind == "get":
        return op.status in (200, 404)
    if op.kind == "signup":
        return op.status == 200
    if op.kind == "delete":
        return op.status in ("exit 0", "exit 1")
    if op.kind == "undone":
        return op.status == "exit 0"
    return op.kind == "final"  # `bury` is never certain, nor what is not about a customer


class Violation(Exception):
    def __init__(self, op, states):
        super().__init__(op)
        self.op, self.states = op, states


class TooMuch(Exception):
    pass


def linearize(ops, customer, limit=200_000):
    """Just-in-time linearization of one customer's operations; the states that are possible at the end."""
    events = []
    for op in ops:
        events.append((op.t0, 0, op.n, op))
        if op.end is not None:
            events.append((op.end, 1, op.n, op))
    events.sort(key=lambda event: event[:3])
    configs, open_ops = {(NOBODY, frozenset())}, {}

    def settle(state, done):
        """Whatever changes nothing and fits now may as well happen now."""
        for op in open_ops.values():
            if op.n not in done and only_looks(op) and steps(op, state, customer) == (state,):
                done = done | {op.n}
        return state, done

    def reach(target):
        """All configurations in which the target has happened, by way of other open operations."""
        seen, stack, found = set(), [], set()
        for config in configs:
            config = settle(*config)
            if config not in seen:
                seen.add(config)
                stack.append(config)
        while stack:
            state, done = stack.pop()
            if target.n in done:
                found.add((state, done - {target.n}))
                continue
            for op in open_ops.values():
                if op.n in done:
                    continue
                for after in steps(op, state, customer):
                    config = settle(after, done | {op.n})
                    if config not in seen:
                        if len(seen) > limit:
                            raise TooMuch
                        seen.add(config)
                        stack.append(config)
        return found

    for _, is_end, _, op in events:
        if not is_end:
            open_ops[op.n] = op
            continue
        found = reach(op)
        if is_definite(op):
            if not found:
                raise Violation(op, {state for state, _ in configs})
            configs = found
        else:
            configs = found | {(state, done - {op.n}) for state, done in configs}
        del open_ops[op.n]
    return {state for state, _ in configs}


# --------------------------------------------------------------------------------------------------------------- chaos


class Chaos:
    def __init__(self, args):
        self.args = args
        self.rng = random.Random(args.seed)
        self.history = History()
        self.sink = Sink(random.Random(args.seed + 1))
        self.stopping = False
        self.hot, self.mark = [], 0
        self.counts = collections.Counter()
        self.reset_ids = {}
        self.export_lock = asyncio.Lock()
        self.rules_lock = asyncio.Lock()
        self.deleted = 0
        self.skip = set(args.skip.split(","))
        self.heads, self.files, self.seen_phc = [], {}, {}
        self.problems = []
        self.commands = []

    # -- clients

    def pick(self):
        if self.hot and self.rng.random() < 0.5:
            return self.rng.choice(self.hot)
        return self.rng.choice(self.world.customers)

    async def heat(self):
        """A few customers at a time are everybody's business, fresh ones above all."""
        while not self.stopping:
            fresh = [c for c in self.world.customers if not c.ids]
            some = self.rng.sample(fresh, min(4, len(fresh))) + self.rng.sample(self.world.customers, min(3, len(self.world.customers)))
            self.hot = some
            await asyncio.sleep(self.rng.uniform(0.3, 1.5))

    def process(self):
        return self.rng.choice(self.world.processes)

    async def worker(self, number):
        rng, caller = self.rng, Caller(self.world, self.history)
        while not self.stopping:
            customer, process = self.pick(), self.process()
            dice = rng.random() * 100
            if "reset" in self.skip and 73 <= dice < 79 or "set" in self.skip and 79 <= dice < 91 or "burst" in self.skip and dice >= 94:
                continue
            if dice < 40:
                op = await caller.login(process, customer, customer.spelling(rng), customer.acknowledged)
            elif dice < 52:
                op = await caller.login(process, customer, customer.spelling(rng), customer.legacy)
            elif dice < 58:
                op = await caller.login(process, customer, customer.spelling(rng), rng.choice(customer.passwords))
            elif dice < 64:
                op = await caller.login(process, customer, customer.spelling(rng), "wrong-" + salt(rng, 8))
            elif dice < 69:
                other = rng.choice(self.world.customers)
                op = await caller.login(process, customer, customer.spelling(rng), other.acknowledged if other is not customer else "x")
            elif dice < 73:
                op = await caller.signup(process, customer, customer.spelling(rng))
            elif dice < 79:
                op = await caller.reset(process, customer, customer.spelling(rng))
            elif dice < 91:
                if not customer.ids:
                    continue
                account = customer.ids[-1] if rng.random() < 0.9 else rng.choice(customer.ids)
                if rng.random() < 0.5:
                    op = await caller.get(process, customer, account)
                else:
                    new = f"N{customer.number}-{salt(rng, 10)}"
                    op = await caller.set(process, customer, account, new)
                    if op.status == 204:
                        await caller.login(self.process(), customer, customer.spelling(rng), new, "after set")
                        await caller.login(self.process(), customer, customer.spelling(rng), rng.choice(customer.passwords[:-1]), "old?")
            elif dice < 93:
                op = await caller.login(process, None, f"nobody{rng.randrange(10**6)}", "x")
            elif dice < 94:
                op = await caller.signup(process, None, f"nobody{rng.randrange(10**6)}")
            else:
                # A burst: the same customer at all processes at once, which is one first login in many requests.
                await self.burst(customer)
                continue
            if op.status in ("refused", "lost"):
                await asyncio.sleep(rng.uniform(0.02, 0.2))
            elif op.status == 503:
                await asyncio.sleep(rng.uniform(0.0, 0.1))
            if self.args.think:
                await asyncio.sleep(rng.expovariate(1 / self.args.think))

    async def burst(self, customer):
        rng = self.rng
        callers = [Caller(self.world, self.history) for _ in range(5)]
        calls = []
        for caller in callers:
            if rng.random() < 0.15 and "reset" not in self.skip:
                calls.append(caller.reset(self.process(), customer, customer.spelling(rng)))
            else:
                calls.append(caller.login(self.process(), customer, customer.spelling(rng), customer.acknowledged, "burst"))
        await asyncio.gather(*calls)
        for caller in callers:
            for client in caller.clients:
                client.drop()

    # -- nemesis

    async def every(self, per_minute, work):
        if per_minute <= 0:
            return
        while not self.stopping:
            await asyncio.sleep(min(self.rng.expovariate(per_minute / 60), 120 / per_minute))
            if self.stopping:
                return
            try:
                await work()
            except Exception as error:  # the harness must not die of its own nemesis
                self.problems.append(f"harness: {work.__name__}: {error!r}")

    def alive(self):
        return [p for p in self.world.processes if p.child and p.child.poll() is None and not getattr(p, "busy", False)]

    async def kill(self):
        alive = self.alive()
        if not alive:
            return
        victims = alive if self.rng.random() < 0.25 else [self.rng.choice(alive)]
        number = signal.SIGTERM if self.rng.random() < 0.2 else signal.SIGKILL
        self.counts["SIGTERM" if number == signal.SIGTERM else "SIGKILL"] += len(victims)
        await asyncio.gather(*(self.restart(p, number, self.rng.choice([0, 0, 0.2, 1.0])) for p in victims))

    async def restart(self, process, number, wait):
        process.busy = True
        fault = self.history.fault("kill" if number == signal.SIGKILL else "term", process.index)
        try:
            await process.kill(number)
            if number == signal.SIGTERM and process.runs[-1].get("code") != 0:
                self.problems.append(f"SIGTERM: process {process.index} ended with {process.runs[-1].get('code')}")
            await asyncio.sleep(wait)
            if not await process.start(60):
                self.problems.append(f"process {process.index} was not ready 60 s after its start")
        finally:
            fault["to"] = NOW()
            process.busy = False

    async def pause(self):
        alive = self.alive()
        if not alive:
            return
        process = self.rng.choice(alive)
        process.busy = True
        fault = self.history.fault("stop", process.index)
        self.counts["SIGSTOP"] += 1
        try:
            process.send(signal.SIGSTOP)
            span = [NOW(), None]
            process.stops.append(span)
            await asyncio.sleep(self.rng.uniform(2.2, 5.0))
        finally:
            process.send(signal.SIGCONT)
            span[1] = fault["to"] = NOW()
            process.busy = False

    async def hide_export(self):
        async with self.export_lock:
            fault = self.history.fault("export")
            self.counts["export hidden"] += 1
            await asyncio.to_thread(self.world.legacy.hide)
            try:
                await asyncio.sleep(self.rng.uniform(0.5, 4))
            finally:
                await asyncio.to_thread(self.world.legacy.show)
                fault["to"] = NOW()

    async def hold_lock(self):
        which = self.rng.choice(["accounts", "ledger", "ledger"])
        span = self.rng.choice([self.rng.uniform(0.1, 1.1), self.rng.uniform(1.0, 2.6), self.rng.uniform(2.5, 4.5)])
        self.counts[f"{which} locked"] += 1
        await hold_lock(self.history, self.world.store, span, which)

    async def stop_store(self):
        """The server with the ledger and the accounts is stopped, in an orderly way or as by a crash, and starts again."""
        fault = self.history.fault("store")
        self.counts["store stopped"] += 1
        try:
            await asyncio.to_thread(self.world.store.hide)
            await asyncio.sleep(self.rng.uniform(0.1, 3))
        finally:
            await asyncio.to_thread(self.world.store.show)
            fault["to"] = NOW()

    async def fill_disk(self):
        if not self.world.tmpfs:
            return
        self.counts["disk full"] += 1
        fault = self.history.fault("full")
        path = os.path.join(self.world.data, "filler")
        try:
            out = os.open(path, os.O_CREAT | os.O_WRONLY)
            try:
                while os.write(out, b"x" * 65536):
                    pass
            except OSError:
                pass
            os.close(out)
            await asyncio.sleep(self.rng.uniform(0.5, 3))
        finally:
            os.unlink(path)
            fault["to"] = NOW()

    async def swap_rules(self):
        async with self.rules_lock:
            dice = self.rng.random()
            if dice < 0.3:
                self.counts["rules broken"] += 1
                fault = self.history.fault("rules")
                good = self.world.break_rules(self.rng)
                await asyncio.sleep(self.rng.uniform(0.1, 1.5))
                with open(self.world.path("rules/chaos.yaml"), "w") as out:
                    out.write(good)
                fault["to"] = NOW()
            else:
                self.counts["rules swapped"] += 1
                self.mark += 1
                self.world.rules(f"v{self.mark}", "replace" if dice < 0.8 else "in place")
            for process in self.alive():
                if self.rng.random() < 0.5:
                    self.counts["SIGHUP"] += 1
                    process.send(signal.SIGHUP)

    async def delete(self):
        if self.deleted > len(self.world.customers) * 0.25:
            return
        known = [c for c in self.world.customers if c.ids and not c.deleting]
        if not known:
            return
        hot = [c for c in self.hot if c in known]
        customer = self.rng.choice(hot) if hot and self.rng.random() < 0.6 else self.rng.choice(known)
        customer.deleting = True
        self.deleted += 1
        by_id = self.rng.random() < 0.6
        account = customer.ids[-1] if by_id else None
        op = self.history.begin("delete", customer.number, [account])
        kill_after = self.rng.uniform(0, 0.06) if self.rng.random() < 0.25 else None
        self.counts["account delete"] += 1
        await command(self.world, self.history, op, ["account", "delete", account or customer.username], kill_after)
        if op.status != "exit 0":
            customer.deleting = False

    async def undo(self):
        since = time.time() - self.rng.choice([0.5, 1, 2, 4, 8])
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since)) + f".{int(since % 1 * 1000):03d}Z"
        op = self.history.begin("undo", None, [stamp])
        kill_after = self.rng.uniform(0, 0.15) if self.rng.random() < 0.3 else None
        self.counts["undo"] += 1
        await command(self.world, self.history, op, ["undo", "--since", stamp], kill_after)

    async def look(self):
        """An operator looks while it serves: every report must come, and the audit be whole."""
        arguments = self.rng.choice([["audit", "verify"], ["audit", "verify"], ["status"], ["account", "list"], ["audit", "list"]])
        self.counts["reports"] += 1
        op = self.history.begin("look", None, arguments)
        await command(self.world, self.history, op, arguments)
        if arguments[1:] == ["verify"] and op.status == "exit 0":
            self.heads.append(op.body.split("head ")[1].split()[0])
        op.body = op.body[-160:]

    async def sabotage(self):
        """Does by hand what must never happen, so that one sees that the checker would see it: an old password comes back, an
        account vanishes."""
        connection = sqlite3.connect(self.world.store.places["accounts"], timeout=5, isolation_level=None)
        try:
            now = dict(connection.execute("SELECT id, phc FROM accounts WHERE state = 'active'"))
            changed = [i for i, phc in self.seen_phc.items() if now.get(i, phc) != phc]
            if changed:
                account = self.rng.choice(changed)
                connection.execute("UPDATE accounts SET phc = ? WHERE id = ?", (self.seen_phc[account], account))
                self.counts["sabotage: old password"] += 1
            elif now:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("DELETE FROM accounts WHERE id = ?", (self.rng.choice(list(now)),))
                self.counts["sabotage: account gone"] += 1
            self.seen_phc = now
        finally:
            connection.close()

    async def sampling(self):
        while not self.stopping:
            for process in self.world.processes:
                process.sample()
            for entry in os.scandir(self.world.data):
                if entry.name != "filler":
                    try:
                        self.files[entry.name] = max(self.files.get(entry.name, 0), entry.stat().st_size)
                    except FileNotFoundError:
                        pass
            await asyncio.sleep(1)

    # -- the whole

    async def go(self):
        args = self.args
        await self.sink.start()
        self.world = World(args, self.rng, f"run-{args.seed}", self.sink.port, tmpfs=args.tmpfs)
        self.by_number = {c.number: c for c in self.world.customers}
        self.sink.on_event = self.learned
        try:
            for index in range(args.processes):
                if not await Process(self.world, index).start():
                    raise SystemExit(f"the program does not start: {self.world.path(f'serve-{index}.log')}")
            self.history.zero = NOW()
            await self.storm()
            await self.heal()
            await self.probe()
            failed = await self.verdict()
        finally:
            self.world.close()
        if not failed and not args.keep:
            shutil.rmtree(self.world.folder, ignore_errors=True)
        return failed

    def learned(self, event):
        """A password_reset event names the account, as an operator's own notice service would learn it."""
        request = event["data"].get("request_id", "")
        account = event["data"].get("account_id")
        if account and request.startswith("op-"):
            customer = self.history.ops[int(request[3:])].customer
            if customer:
                self.by_number[customer].saw(account)

    async def storm(self):
        args, rate = self.args, self.args.fault_rate
        kinds = set(args.faults.split(","))
        per = lambda kind, number: number * rate if kind in kinds else 0
        nemesis = [
            self.every(args.kill_rate if "kill" in kinds else 0, self.kill),
            self.every(per("stop", 3), self.pause),
            self.every(per("export", 3), self.hide_export),
            self.every(per("lock", 6), self.hold_lock),
            self.every(per("full", 4), self.fill_disk),
            self.every(per("store", 3) if args.store == "postgres" else 0, self.stop_store),
            self.every(per("rules", 12), self.swap_rules),
            self.every(per("delete", 40), self.delete),
            self.every(per("undo", 20), self.undo),
            self.every(10, self.look),
            self.every(30 if args.sabotage else 0, self.sabotage),
        ]
        tasks = [asyncio.ensure_future(t) for t in [*nemesis, self.heat(), self.sampling()]]
        workers = [asyncio.ensure_future(self.worker(n)) for n in range(args.clients)]
        await asyncio.sleep(args.seconds)
        self.stopping = True
        await asyncio.gather(*workers, *tasks)

    async def heal(self):
        for process in self.world.processes:
            if process.child.poll() is not None:
                await process.start(60)
        # The breaker closes, leases end, recovery settles, late writes are written.
        await asyncio.sleep(9)
        for process in self.world.processes:
            if not await process.ready():
                self.problems.append(f"process {process.index} is not ready 9 s after the last fault")

    async def probe(self):
        """Everybody signs in again: without the legacy export, then with it."""
        self.history.phase = "without export"
        await asyncio.to_thread(self.world.legacy.hide)
        await self.probes(lambda customer: list(dict.fromkeys([*customer.passwords[-4:], customer.legacy, customer.acknowledged])))
        await asyncio.to_thread(self.world.legacy.show)
        self.history.phase = "healing"
        healer = Caller(self.world, self.history)
        for process in self.world.processes:
            for _ in range(40):
                # One call probes the breaker; a customer who is not there is as good as any.
                op = await healer.login(process, None, "nobody-at-all", "x")
                if op.status == 401:
                    break
                await asyncio.sleep(0.25)
        self.history.phase = "with export"
        await self.probes(lambda customer: [customer.legacy, *dict.fromkeys(customer.passwords[-4:]), customer.acknowledged])
        self.history.phase = "end"

    async def probes(self, passwords):
        queue = list(self.world.customers)

        async def some():
            caller = Caller(self.world, self.history)
            while queue:
                customer = queue.pop()
                for password in passwords(customer):
                    await caller.login(self.process(), customer, customer.spelling(self.rng), password, "probe")
                for account in customer.ids[-2:]:
                    await caller.get(self.process(), customer, account)

        await asyncio.gather(*(some() for _ in range(8)))

    async def verdict(self):
        await asyncio.sleep(0.5)
        for _ in range(40):
            if self.world.store.unsent() == 0:
                break
            await asyncio.sleep(0.25)
        for process in self.world.processes:
            process.sample()
            await process.kill(signal.SIGTERM)
            if process.runs[-1]["code"] != 0:
                self.problems.append(f"SIGTERM: process {process.index} ended with {process.runs[-1]['code']}")
        return Verdict(self).run()


async def hold_lock(history, store, span, which):
    def hold():
        end = store.lock(which)
        if not end:
            return
        fault = history.fault(f"lock {which}")
        time.sleep(span)
        end()
        fault["to"] = NOW()

    await asyncio.get_running_loop().run_in_executor(None, hold)


def rows(place, sql, *values):
    store, name = place
    return store.rows(name, sql, values)


def count(place, sql):
    return rows(place, sql)[0][0]


# --------------------------------------------------------------------------------------------------------------- verdict


class Verdict:
    def __init__(self, chaos):
        self.chaos, self.world, self.history, self.args = chaos, chaos.world, chaos.history, chaos.args
        self.violations = collections.defaultdict(list)
        self.notes = collections.Counter()
        self.resets_dropped = 0

    def violation(self, kind, text):
        self.violations[kind].append(text)

    def run(self):
        began = NOW()
        self.read()
        self.windows()
        self.books()
        self.linear()
        self.audit()
        self.events()
        self.outages()
        self.answers()
        self.orderly()
        self.secrets()
        self.half_deleted()
        for problem in self.chaos.problems:
            self.violation("process" if not problem.startswith("harness") else "harness", problem)
        self.checked = NOW() - began
        return self.report()

    def read(self):
        self.accounts = {}
        for row in rows(self.world.accounts_db, "SELECT id, legacy_id, state, claims, rules, created_at, changed_at FROM accounts"):
            self.accounts.setdefault(int(row[1]), []).append(row)
        self.entries = {int(r[0]): r[1:] for r in rows(self.world.ledger_db, "SELECT legacy_id, state, account, verified_at, done_at FROM entries")}
        self.rows, self.by_request = [], collections.defaultdict(list)
        for number, text in rows(self.world.ledger_db, "SELECT number, text FROM audit ORDER BY number"):
            row = {"number": number, **json.loads(text)}
            self.rows.append(row)
            self.by_request[row["request_id"]].append(row)

    def reason(self, op):
        found = self.by_request.get(op.rid, [])
        return "; ".join(f"{row['outcome']} {row.get('reason', '')}".strip() for row in found) or "no audit row"

    # -- until when an unanswered call may still happen

    def windows(self):
        ends = {}
        for process in self.world.processes:
            for number, run in enumerate(process.runs):
                ends[process.index, number] = run["end"]
        for op in self.history.ops:
            if op.t1 is None:
                op.t1, op.status = NOW(), "lost"
            if op.status == "refused":
                op.end = None
                continue
            if op.kind == "reset" and op.status == 202:
                outcomes = {row["outcome"] for row in self.by_request.get(op.rid, [])} - {"made_pending"}
                if "accepted" in outcomes:
                    op.note = "accepted"
                elif outcomes & {"legacy_unavailable", "target_unavailable", "overloaded"} or not outcomes:
                    op.note = "maybe later"
                    self.resets_dropped += 1
            if op.kind in ("delete", "undo", "look") or is_definite(op):
                op.end = op.t1
                continue
            late = op.t1 + self.args.late
            for since, until in self.world.processes[op.process].stops:
                if until is None or (since < late and until > op.t0):
                    late = max(late, (until or NOW()) + self.args.late)
            ended = ends.get((op.process, op.run))
            op.end = max(op.t1, min(late, ended)) if ended and ended > op.t0 else late

    # -- each customer's history against the model

    def linear(self):
        per = collections.defaultdict(list)
        undone = collections.defaultdict(list)
        for row in self.rows:
            if row["outcome"] == "undone":
                undone[row["account"]].append(row)
        self.undo_ops(per)
        for op in self.history.ops:
            if op.customer is None or op.status == "refused" or op.kind in ("undo", "look"):
                continue
            if op.kind in ("get", "signup") and not is_definite(op):
                continue
            per[op.customer].append(op)
            if op.kind == "delete":
                bury = Op(op.n + 10_000_000, "bury", op.customer, op.arg, None, None, op.phase)
                bury.t0, bury.t1, bury.end, bury.status = op.t0, op.t1, op.t1, "maybe"
                per[op.customer].append(bury)
        end = max(op.end or op.t1 for op in self.history.ops) + 1
        self.undecided = 0
        self.finals = {}
        for customer in self.world.customers:
            found = self.accounts.get(customer.number, [])
            final = Op(20_000_000 + customer.number, "final", customer.number, [found[0][0], found[0][2]] if found else None, None, None, "end")
            final.t0 = final.t1 = final.end = end
            final.status = "store"
            ops = per[customer.number] + [final]
            try:
                self.finals[customer.number] = linearize(ops, customer)
            except Violation as error:
                self.explain(customer, ops, error)
            except TooMuch:
                self.undecided += 1
        self.settled(per)

    def undo_ops(self, per):
        """An undo is one operation per customer: certain where the audit names the account, possible where it was cut off."""
        owner = {}
        for op in self.history.ops:
            if op.customer and op.kind == "login" and op.status == 200:
                owner[op.body["account_id"]] = op.customer
        for customer in self.world.customers:
            for account in customer.ids:
                owner.setdefault(account, customer.number)
        undos = [op for op in self.history.ops if op.kind == "undo"]
        begun = time.time() - NOW()
        claimed = set()
        number = 30_000_000
        for op in undos:
            inside = [
                row for row in self.rows
                if row["outcome"] == "undone" and op.t0 - 0.01 <= stamp(row["at"]) - begun <= op.t1 + 0.01 and row["number"] not in claimed
            ]
            told = int(op.body.split(" ", 1)[0]) if op.status in ("exit 0", "exit 1") and op.body else None
            if told is not None and told != len(inside):
                self.violation("undo count", f"{op.show(self.history.zero)}: the audit has {len(inside)} rows `undone` meanwhile")
            for row in inside:
                claimed.add(row["number"])
                customer = owner.get(row["account"])
                if customer is None:
                    customer = self.customer_of(row)
                if customer is None:
                    self.notes["undone accounts of nobody the history knows"] += 1
                    continue
                per[customer].append(self.undone(number, customer, row["account"], op, "exit 0"))
                number += 1
            if told is None:
                for customer in self.world.customers:
                    per[customer.number].append(self.undone(number, customer.number, None, op, "maybe"))
                    number += 1

    def customer_of(self, row):
        same_customer = [r for r in self.rows if r.get("customer") == row.get("customer") and r["request_id"].startswith("op-")]
        for other in same_customer:
            found = self.history.ops[int(other["request_id"][3:])].customer
            if found:
                return found
        return None

    @staticmethod
    def undone(number, customer, account, op, status):
        made = Op(number, "undone", customer, [account], None, None, op.phase)
        made.t0, made.t1, made.end, made.status, made.note = op.t0, op.t1, op.t1, status, f"by #{op.n}"
        return made

    def settled(self, per):
        """What must hold when nothing disturbs any more."""
        for customer in self.world.customers:
            states = self.finals.get(customer.number)
            if not states:
                continue
            for op in per[customer.number]:
                if op.kind != "login" or op.status != 503:
                    continue
                if op.phase == "without export":
                    # Whose account is active is not asked of the legacy system any more, whatever happened to the export.
                    if self.active_with(per[customer.number], op) == op.arg[1]:
                        self.violation("503 for a migrated customer without the export", f"customer {customer.number}: {op.show(self.history.zero)}")
                elif op.phase == "with export":
                    self.violation("503 when everything is well", f"customer {customer.number}: {op.show(self.history.zero)} ({self.reason(op)})")

    @staticmethod
    def active_with(ops, probe):
        """The password with which the customer got in during the same phase."""
        for op in ops:
            if op.phase == probe.phase and op.kind == "login" and op.status == 200:
                return op.arg[1]
        return None

    def explain(self, customer, ops, error):
        op = error.op
        zero = self.history.zero
        reason = self.reason(op) if op.kind in ("login", "reset", "set", "signup") else ""
        states = sorted({(s[0][0] if s[0] else "none") + ("+buried" if s[1] else "") for s in error.states})
        outcome = op.body.get("outcome", "") if isinstance(op.body, dict) else ""
        kind = " ".join(f"{op.kind} answered {op.status} {outcome}".split()) + (f" (audit: {reason})" if reason else "") + ", which no order of events explains"
        if op.kind == "final":
            kind = f"at the end the store has {op.arg[1] if op.arg else 'no account'}, the history wants {states}"
        until = op.t1
        shown = [o for o in sorted(ops, key=lambda o: o.t0) if o.kind != "final" and o.t0 <= until and (o.t1 or 0) >= op.t0 - 8 and o.status != "maybe"]
        lines = [f"customer {customer.number} ({customer.username}), legacy password {customer.legacy}", f"  at: {op.show(zero)}   audit: {reason}"]
        for state in list(error.states)[:4]:
            lines.append(f"  possible before: {state}")
        lines.append(f"  states before: {states}")
        for o in shown[-self.args.lines:]:
            mark = ">>" if o is op else "  "
            lines.append(f"  {mark} {o.show(zero)}  [{self.reason(o) if o.kind in ('login', 'reset', 'set') else ''}]")
        for fault in self.history.faults:
            if fault["from"] <= until and (fault["to"] or NOW()) >= op.t0 - 8:
                to = f"{fault['to'] - zero:.3f}" if fault["to"] else "…"
                lines.append(f"     fault {fault['kind']} {'' if fault['process'] is None else 'p' + str(fault['process'])} {fault['from'] - zero:.3f} – {to}")
        for o in self.history.ops:
            if o.kind == "undo" and o.t0 <= until and o.t1 >= op.t0 - 8:
                lines.append(f"     {o.show(zero)}")
        entry = self.entries.get(customer.number)
        lines.append(f"     ledger entry at the end: {entry}; store at the end: {[(a[0], a[2]) for a in self.accounts.get(customer.number, [])]}")
        self.violation(kind, "\n".join(lines))

    # -- the books and the store, against each other and against the history

    def books(self):
        world = self.world
        verify = world.run("audit", "verify")
        if verify.returncode != 0:
            self.violation("audit verify", verify.stdout + verify.stderr)
        self.head = verify.stdout.strip().splitlines()
        for head in self.chaos.heads:
            anchored = world.run("audit", "verify", "--anchor", head)
            if anchored.returncode != 0:
                self.violation("audit verify --anchor", f"{head}: {anchored.stdout}{anchored.stderr}")
        status = world.run("status", "--format", "json", "--of", str(len(world.customers)))
        self.status = json.loads(status.stdout)
        listed = world.run("account", "list", "--format", "json", "--limit", "1000000")
        accounts = [json.loads(line) for line in listed.stdout.splitlines()]
        stored_ids = {row[0] for found in self.accounts.values() for row in found}
        if {a["id"] for a in accounts} != stored_ids or len(accounts) != len(stored_ids):
            self.violation("account list", f"{len(accounts)} listed, {len(stored_ids)} stored")
        for number, found in self.accounts.items():
            if len(found) > 1:
                self.violation("two accounts of one customer", f"customer {number}: {found}")
        owner = {}
        for account in accounts:
            customer = self.chaos.by_number[int(account["legacy_id"])]
            want = {unicodedata.normalize("NFC", customer.username.lower()), customer.email.lower()}
            if set(account["logins"]) != want:
                self.violation("logins of an account", f"customer {customer.number}: {account['logins']} instead of {want}")
            for login in account["logins"]:
                if owner.setdefault(login, account["id"]) != account["id"]:
                    self.violation("one login, two accounts", login)
            claims = account["claims"]
            if claims["name"].get("full") != claims["name"].get("nickname"):
                self.violation("rules mixed", f"customer {customer.number}: {claims}")
            if account["state"] == "pending" and claims["email"].get("verified") is not False:
                self.violation("a pending account is verified", f"customer {customer.number}: {claims}")
        # Every account has an entry that is done and names it; every entry that is done has its account.
        for number, found in self.accounts.items():
            entry = self.entries.get(number)
            account = found[0]
            if entry is None:
                self.violation("ledger: an account without an entry", self.story(number))
            elif entry[0] == "buried":
                self.notes["buried with an account (a deletion that was cut off)"] += 1
            elif entry[0] != "done":
                self.violation(f"ledger: an account whose entry is {entry[0]}", self.story(number))
            elif entry[1] != account[0]:
                self.violation("ledger: an entry names another account", self.story(number))
            elif (entry[2] is None) != (account[2] == "pending") and not (account[2] == "active" and entry[2] is None):
                self.violation("ledger: verified and state differ", self.story(number))
        for number, entry in self.entries.items():
            if entry[0] == "done" and number not in self.accounts:
                self.violation("ledger: done without an account", self.story(number))
            if entry[0] == "creating":
                self.violation("ledger: still creating at the end", self.story(number))
        done = sum(1 for e in self.entries.values() if e[0] == "done" and e[2] is not None)
        if self.status["migrated"] != done:
            self.violation("status", f"migrated {self.status['migrated']}, entries {done}")
        active = sum(1 for found in self.accounts.values() if found[0][2] == "active")
        set_pending = sum(1 for n, e in self.entries.items() if e[0] == "done" and e[2] is None and n in self.accounts and self.accounts[n][0][2] == "active")
        buried = sum(1 for n, e in self.entries.items() if e[0] == "buried" and n in self.accounts and self.accounts[n][0][2] == "active")
        self.figures_status = {"status.migrated": self.status["migrated"], "active in the store": active, "of them made by forgot password and a set password": set_pending, "of them buried": buried}
        wrong = self.status["migrated"] + set_pending + buried - active
        if wrong:
            self.violation("status: migrated", f"{self.figures_status}")
        acknowledged = {op.customer for op in self.history.ops if op.kind == "delete" and op.status == "exit 0"}
        maybe = {op.customer for op in self.history.ops if op.kind == "delete" and op.status != "exit 0"}
        deleted = {n for n, e in self.entries.items() if e[0] == "buried"}
        for number in acknowledged - deleted:
            self.notes["acknowledged deletions whose entry is not `buried`"] += 1
        for number in deleted - acknowledged - maybe:
            self.violation("ledger: buried, and nobody asked for it", self.story(number))
        counted = sum(1 for row in self.rows if row["outcome"] == "authenticated")
        if counted != self.status["authenticated"]:
            self.violation("status", f"authenticated {self.status['authenticated']}, audit {counted}")
        answered = sum(1 for op in self.history.ops if op.kind == "login" and op.status == 200 and op.body["outcome"] == "authenticated")
        self.ghosts = counted - answered

    def story(self, number):
        zero = self.history.zero
        begun = time.time() - NOW()
        lines = [f"customer {number}: entry {self.entries.get(number)}, store {[(a[0], a[2], round(a[5] / 1e6 - begun - zero, 3), round(a[6] / 1e6 - begun - zero, 3)) for a in self.accounts.get(number, [])]}"]
        names = {r.get("customer") for r in self.rows if r["request_id"].startswith("op-") and self.history.ops[int(r["request_id"][3:])].customer == number} - {None}
        told = [r for r in self.rows if r.get("customer") in names and r["outcome"] != "authenticated" and not (r["outcome"] == "refused" and r.get("reason", "").startswith("wrong"))]
        for row in told[-12:]:
            lines.append(f"     audit {row['number']} at {stamp(row['at']) - begun - zero:.4f}: {row['request_id']} {row['operation']} {row['outcome']} {row.get('reason', '')} {row.get('account', '')}")
        ids = {row["request_id"] for row in told[-12:]}
        for op in self.history.ops:
            if op.rid in ids or (op.customer == number and op.kind in ("delete", "set")):
                lines.append(f"     {op.show(zero)}")
        if told:
            last = stamp(told[-1]["at"]) - begun
            for fault in self.history.faults:
                if fault["from"] <= last + 3 and (fault["to"] or NOW()) >= last - 6:
                    to = f"{fault['to'] - zero:.3f}" if fault["to"] else "…"
                    lines.append(f"     fault {fault['kind']} {'' if fault['process'] is None else 'p' + str(fault['process'])} {fault['from'] - zero:.3f} – {to}")
            for o in self.history.ops:
                if o.kind == "undo" and o.t0 <= last + 3 and o.t1 >= last - 6:
                    lines.append(f"     {o.show(zero)}")
        return "\n".join(lines)

    # -- one row of the audit for every answer

    def audit(self):
        want = {
            ("login", 200, "authenticated"): {"authenticated"},
            ("login", 200, "migrated"): {"migrated", "migrated_must_change_password"},
            ("login", 401, None): {"refused", "denied_by_rule", "conflict", "invalid_record"},
            ("reset", 202, None): {"accepted", "refused", "denied_by_rule", "legacy_unavailable", "target_unavailable", "overloaded"},
            ("signup", 200, None): {"reserved", "free", "malformed"},
            ("set", 204, None): {"set"},
            ("set", 404, None): {"unknown"},
        }
        self.unanswered = collections.Counter()
        for op in self.history.ops:
            outcome = op.body.get("outcome") if op.kind == "login" and op.status == 200 else None
            names = want.get((op.kind, op.status, outcome))
            found = self.by_request.get(op.rid, [])
            if names is None:
                if op.status in (503, "lost"):
                    for row in found:
                        if row["outcome"] in ("authenticated", "migrated"):
                            self.unanswered[f"{op.status} for the caller, {row['outcome']} in the audit"] += 1
                continue
            fits = [row for row in found if row["outcome"] in names]
            if not fits and op.kind == "reset":
                self.notes["password-reset 202 without an audit row"] += 1
            elif not fits:
                self.violation("no audit row for an answer", f"{op.show(self.history.zero)}: {found}")
            elif sum(1 for row in found if row["outcome"] != "made_pending") > 1:
                self.violation("several audit rows for one answer", f"customer {op.customer}: {op.show(self.history.zero)}: " + ", ".join(f"{r['number']} {r['outcome']} {r.get('reason', '')}" for r in found))
            elif op.kind == "login" and op.status == 200 and fits[0].get("account") != op.body["account_id"]:
                self.violation("the audit names another account", f"{op.show(self.history.zero)}: {fits}")
        deleted = collections.Counter(row["account"] for row in self.rows if row["outcome"] == "deleted" and row.get("account"))
        for op in self.history.ops:
            if op.kind == "delete" and op.status == "exit 0":
                account = op.body.split()[1].rstrip(";")
                if deleted[account] != 1:
                    self.violation("audit rows of a deletion", f"{op.show(self.history.zero)}: {deleted[account]}")
        # One account is migrated once.
        migrated = collections.defaultdict(list)
        for row in self.rows:
            if row["outcome"] in ("migrated", "migrated_must_change_password", "recovered"):
                migrated[row["account"]].append(row)
        self.twice = {account: found for account, found in migrated.items() if len(found) > 1}
        for account, found in self.twice.items():
            names = [row["outcome"] for row in found]
            if names.count("migrated") > 1 or names.count("recovered") > 1:
                self.violation("one account, migrated or recovered twice in the audit", f"{account}: " + ", ".join(f"{r['number']} {r['request_id']} {r['outcome']}" for r in found) + "".join("\n     " + self.history.ops[int(r["request_id"][3:])].show(self.history.zero) for r in found if r["request_id"].startswith("op-")))

    def events(self):
        sent = collections.defaultdict(set)
        for event in self.chaos.sink.events:
            sent[event["data"].get("request_id"), event["type"]].add(event["webhook_id"])
        waiting = collections.Counter(r for (r,) in rows(self.world.ledger_db, "SELECT request_id FROM outbox"))
        for op in self.history.ops:
            if op.kind == "login" and op.status == 200 and op.body["outcome"] == "migrated":
                ids = sent.get((op.rid, "account.migrated"), set())
                if not ids and not waiting[op.rid]:
                    self.violation("no event of a migration", op.show(self.history.zero))
                if len(ids) > 1:
                    self.violation("two events of one migration", f"{op.show(self.history.zero)}: {ids}")
        per = collections.Counter()
        for event in {e["webhook_id"]: e for e in self.chaos.sink.events}.values():
            if event["type"] == "account.migrated":
                per[event["data"].get("account_id")] += 1
        for account, number in per.items():
            if number > 1:
                self.violation("one account, several events account.migrated", f"{account}: {[e['data'].get('request_id') + ' ' + str(e['data'].get('reason')) for e in self.chaos.sink.events if e['data'].get('account_id') == account and e['type'] == 'account.migrated']}")

    # -- 503 only around faults

    def outages(self):
        spans = [(f["from"], f["to"] or NOW(), f["process"], f["kind"]) for f in self.history.faults if f["kind"] != "rules"]
        for process in self.world.processes:
            for run in process.runs:
                if run["ready"] and run["spawn"]:
                    spans.append((run["spawn"], run["ready"], process.index, "start"))
        self.after = []
        self.outage = collections.Counter()
        total = 0
        for op in self.history.ops:
            if op.process is None or op.phase in ("without export", "healing"):
                continue
            total += 1
            if op.status not in (503, "lost"):
                continue
            self.outage[op.status] += 1
            # A process that stands still may hold the lock of the files, so pauses count for everybody.
            near = [s for s in spans if s[0] <= op.t1 and (s[2] in (None, op.process) or s[3] == "stop")]
            healed = max((min(s[1], op.t1) if s[1] >= op.t0 else s[1] for s in near), default=None)
            gap = 999.0 if healed is None else max(0.0, op.t0 - healed)
            self.after.append((gap, op))
        self.asked = total
        self.after.sort(key=lambda pair: -pair[0])
        for gap, op in self.after:
            if gap > self.args.grace:
                self.violation(f"503 or lost more than {self.args.grace} s after the last fault", f"{gap:.2f} s: {op.show(self.history.zero)} ({self.reason(op)})")

    def answers(self):
        known = {
            "login": {200, 401, 503, "lost", "refused"}, "reset": {202, 503, "lost", "refused"}, "signup": {200, 503, "lost", "refused"},
            "set": {204, 404, 503, "lost", "refused"}, "get": {200, 404, 503, "lost", "refused"},
            "look": {"exit 0"}, "delete": {"exit 0", "exit 1", "exit 2", "killed"}, "undo": {"exit 0", "exit 1", "exit 2", "killed"},
        }
        self.statuses = collections.Counter()
        for op in self.history.ops:
            self.statuses[op.kind, str(op.status)] += 1
            if op.kind == "look" and op.status == "exit 2":
                broken = any((f["kind"] in ("rules", "full", "store") or f["kind"].startswith("lock") and self.args.store == "postgres") and f["from"] <= op.t1 and (f["to"] or NOW()) >= op.t0 - 0.05 for f in self.history.faults)
                if broken or "has errors" in (op.body or ""):
                    self.notes["reports that ended with exit 2 while the rules were broken, the disk full, or the database away"] += 1
                    continue
            if op.status not in known[op.kind]:
                self.violation("an answer that should not be", f"{op.show(self.history.zero)} ({self.reason(op)})")
            if op.customer is None and op.kind == "login" and op.status == 200:
                self.violation("somebody who does not exist is in", op.show(self.history.zero))
            if op.kind == "signup" and op.status == 200 and op.customer is None and op.body != {"available": True}:
                self.violation("a free name is reserved", op.show(self.history.zero))
            blocked = op.customer and self.chaos.by_number[op.customer].blocked
            if blocked and op.kind == "login" and op.status == 200:
                self.violation("a customer whom the rules refuse is in", op.show(self.history.zero))
        if len(self.history.refused_bodies) > 1:
            self.violation("refusals differ", str(self.history.refused_bodies))

    def orderly(self):
        """SIGTERM lets running requests finish: whatever was sent well before it has an answer."""
        for op in self.history.ops:
            if op.status != "lost" or op.process is None:
                continue
            run = self.world.processes[op.process].runs[op.run]
            if run["how"] == "SIGTERM" and op.t0 < run["told"] - 0.03 and op.t1 >= run["told"]:
                self.violation("a running request was cut off by SIGTERM", f"{op.show(self.history.zero)}; SIGTERM at {run['told'] - self.history.zero:.4f}, ended at {run['end'] - self.history.zero:.4f}")

    def half_deleted(self):
        """A deletion that was cut off can be made again."""
        for number, entry in self.entries.items():
            if entry[0] == "buried" and number in self.accounts:
                account = self.accounts[number][0][0]
                again = self.world.run("account", "delete", account)
                if again.returncode != 0 or rows(self.world.accounts_db, "SELECT 1 FROM accounts WHERE id = ?", account):
                    self.violation("a deletion that was cut off cannot be made again", f"customer {number}: {again.stdout}{again.stderr}")

    def secrets(self):
        """No password in logs, books or store; and no panic."""
        names = {name.encode() for customer in self.world.customers for name in customer.passwords}
        names |= {op.arg[1].encode() for op in self.history.ops if op.kind == "login" and op.arg[1].startswith("wrong-")}
        texts = {}
        for process in self.world.processes:
            texts[process.log] = open(process.log, "rb").read()
        texts.update(self.world.store.contents())
        for path, text in texts.items():
            for name in set(re.findall(rb"(?:[LN]\d+|wrong)-[0-9A-Za-z]{8,10}", text)) & names:
                self.violation("a password stands in a file", f"{path}: {name.decode()}")
            if path.endswith(".log"):
                for line in text.splitlines():
                    if b"panicked" in line:
                        self.violation("a panic", line.decode("utf-8", "replace")[:400])
                self.notes.update(("log " + json.loads(l).get("message", "")[:60] + " " + str(json.loads(l).get("error", ""))[:110]) for l in text.splitlines() if l.startswith(b"{") and b'"level":"INFO"' not in l and b'"answered"' not in l)

    # -- what is printed

    def report(self):
        out = []
        say = out.append
        history, chaos = self.history, self.chaos
        ops = len(history.ops)
        http = [op for op in history.ops if op.process is not None]
        say(f"seed {self.args.seed}: {self.args.processes} processes, {len(self.world.customers)} customers, {self.args.seconds} s, {self.args.clients} clients; folder {self.world.folder}")
        say(f"operations {ops} ({len([o for o in http if o.phase == 'chaos']) / self.args.seconds:.0f}/s while the storm lasted); checked in {self.checked:.1f} s; undecided customers {self.undecided}")
        say("nemesis: " + ", ".join(f"{name} {number}" for name, number in sorted(chaos.counts.items())))
        say("answers: " + ", ".join(f"{kind} {status} {number}" for (kind, status), number in sorted(self.statuses.items())))
        share = sum(self.outage.values()) / max(1, self.asked)
        longest = self.after[0][0] if self.after else 0
        say(f"without an answer: 503 {self.outage[503]}, lost {self.outage['lost']} of {self.asked} ({share:.1%}); the longest after a fault had healed: {longest:.2f} s; later than 1 s: {sum(1 for g, _ in self.after if g > 1)}")
        causes = collections.Counter()
        for gap, op in self.after:
            if op.status == 503:
                causes[self.reason(op).split(";")[0]] += 1
        say("503 in the audit: " + ", ".join(f"{name} {number}" for name, number in causes.most_common(8)))
        took = sorted(op.t1 - op.t0 for op in http if op.kind == "login" and op.status == 200 and op.phase == "chaos")
        if took:
            say(f"successful logins took: median {took[len(took) // 2] * 1000:.0f} ms, 99 % {took[len(took) * 99 // 100] * 1000:.0f} ms, longest {took[-1]:.2f} s")
        starts = sorted(run["ready"] - run["spawn"] for p in self.world.processes for run in p.runs if run["ready"])
        failed = sum(run.get("failed_starts", 0) for p in self.world.processes for run in p.runs)
        if starts:
            say(f"restarts {len(starts) - len(self.world.processes)}: ready after median {starts[len(starts) // 2] * 1000:.0f} ms, longest {starts[-1] * 1000:.0f} ms; starts that ended at once {failed}")
        for process in self.world.processes:
            if process.rss:
                last = [kib for _, run, kib in process.rss if run == process.rss[-1][1]]
                quarters = " → ".join(f"{last[(len(last) - 1) * at // 4] / 1024:.1f}" for at in range(5))
                say(f"memory of process {process.index}: highest {max(k for _, _, k in process.rss) / 1024:.1f} MiB, last run by quarters {quarters} MiB in {len(last)} s")
        say(f"accounts: {self.figures_status}, pending {self.status['pending']}, deleted {self.status['deleted']}, given up {self.status['abandoned']}; audit rows {len(self.rows)}, {'; '.join(self.head)}")
        say("files at their largest: " + ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in sorted(chaos.files.items())))
        say(f"decided without the caller hearing of it: {dict(self.unanswered)}; recovered {sum(1 for r in self.rows if r['outcome'] == 'recovered')}; resets answered 202 and not taken up {self.resets_dropped}; events {len(chaos.sink.events)}")
        if self.notes:
            say("notes: " + "; ".join(f"{name}: {number}" for name, number in self.notes.most_common(14)))
        total = sum(len(found) for found in self.violations.values())
        say(f"VIOLATIONS: {total}")
        for kind, found in sorted(self.violations.items(), key=lambda pair: -len(pair[1])):
            say(f"* {kind}: {len(found)}")
            for text in found[: self.args.show]:
                say("    " + text.replace("\n", "\n    "))
        text = "\n".join(out)
        print(text, flush=True)
        with open(self.world.path("summary.txt"), "w") as file:
            file.write(text + "\n")
            for kind, found in self.violations.items():
                for one in found:
                    file.write(f"\n=== {kind}\n{one}\n")
        with open(self.world.path("history.ndjson"), "w") as file:
            for op in history.ops:
                file.write(json.dumps([op.n, op.kind, op.customer, op.arg, op.process, op.run, op.t0 - history.zero, op.t1 - history.zero, op.status, op.body, op.note, op.phase]) + "\n")
        if self.args.out:
            with open(self.args.out, "a") as file:
                file.write(json.dumps({
                    "seed": self.args.seed, "processes": self.args.processes, "seconds": self.args.seconds, "operations": ops,
                    "counts": dict(chaos.counts), "503": self.outage[503], "lost": self.outage["lost"], "asked": self.asked, "longest_after": longest,
                    "restarts": len(starts), "ready_max": starts[-1] if starts else 0, "accounts": len(self.accounts), "undecided": self.undecided,
                    "violations": {k: len(v) for k, v in self.violations.items()}, "folder": self.world.folder,
                }) + "\n")
        return 1 if total else 0


def stamp(text):
    """Seconds since 1970 of an RFC 3339 text with any number of digits."""
    import datetime

    base, _, rest = text.rstrip("Z").partition(".")
    at = datetime.datetime.strptime(base, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp()
    return at + (float("0." + rest) if rest else 0.0)


# ------------------------------------------------------------------------------------------------------------- scenarios


QUESTION = "question"  # no broken promise, and worth a thought


class Scene:
    """A small world for one question."""

    def __init__(self, args, name, processes=1, **more):
        self.args, self.rng, self.history = args, random.Random(args.seed), History()
        self.world = World(args, self.rng, name, **more)
        self.processes = [Process(self.world, index) for index in range(processes)]

    async def __aenter__(self):
        for process in self.processes:
            assert await process.start(), f"the program does not start, see {process.log}"
        self.caller = Caller(self.world, self.history)
        return self

    async def __aexit__(self, *_):
        self.world.close()
        if not self.args.keep:
            shutil.rmtree(self.world.folder, ignore_errors=True)

    def customer(self, number):
        return self.world.customers[number - 1]

    async def login(self, number, password=None, process=0, identifier=None):
        customer = self.customer(number)
        caller = Caller(self.world, self.history)
        op = await caller.login(self.processes[process], customer, identifier or customer.username, password or customer.legacy)
        for client in caller.clients:
            client.drop()
        return op

    def audit(self, number=None):
        found = [json.loads(text) for (text,) in rows(self.world.ledger_db, "SELECT text FROM audit ORDER BY number")]
        return [f"{r['request_id']} {r['outcome']} {r.get('reason', '')}".strip() for r in found]

    def entry(self, number):
        return rows(self.world.ledger_db, "SELECT state, account FROM entries WHERE legacy_id = ?", str(number))

    def stored(self, number):
        return rows(self.world.accounts_db, "SELECT state, id FROM accounts WHERE legacy_id = ?", str(number))


def locked(place):
    store, name = place
    connection = sqlite3.connect(store.places[name], timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


async def scenario_undo_cut_off(args):
    """`landfall undo` is cut off between the store and the ledger (SIGKILL, or the ledger's lock held by somebody else):
    may the customer migrate anew?"""
    results = {}
    for how in ("ledger locked", "killed"):
        for tries in range(1, 31):
            async with Scene(args, "undo", customers=60) as scene:
                for number in range(1, 41):
                    await scene.login(number)
                child = subprocess.Popen(scene.world.command("undo", "--since", "2020-01-01T00:00:00Z"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=scene.world.folder)
                # As soon as an account has gone.
                until = 40 - tries % 20
                store = sqlite3.connect(f"file:{scene.world.store.places['accounts']}?mode=ro", uri=True)
                while store.execute("SELECT COUNT(*) FROM accounts").fetchone()[0] >= until and child.poll() is None:
                    pass
                store.close()
                if how == "killed":
                    child.kill()
                    out, error = child.communicate()
                else:
                    lock = locked(scene.world.ledger_db)
                    await asyncio.sleep(2.5)
                    lock.execute("ROLLBACK")
                    lock.close()
                    out, error = child.communicate()
                torn = [n for n in range(1, 41) if not scene.stored(n) and scene.entry(n) and scene.entry(n)[0][0] == "done"]
                if not torn:
                    continue
                first = [await scene.login(n) for n in torn]
                again = scene.world.run("undo", "--since", "2020-01-01T00:00:00Z")
                later = [await scene.login(n) for n in torn]
                results[how] = {
                    "tries": tries, "undo said": (out + error).strip().splitlines()[-1:], "gone from the store, done in the ledger": torn,
                    "their next login with the right password": [op.status for op in first], "audit": [a for a in scene.audit() if "deleted" in a][:3],
                    "entry": [scene.entry(n)[0][0] for n in torn], "undo again": again.stdout.strip(), "login after that": [op.status for op in later],
                }
                break
    bad = any(401 in r["login after that"] or 401 in r["their next login with the right password"] for r in results.values())
    return bad, results


async def scenario_undo_race(args):
    """Logins while `landfall undo` runs, nothing else: is anybody shut out for ever?"""
    async with Scene(args, "undorace", processes=2, customers=40) as scene:
        async def knock(number, stop):
            while not stop.is_set():
                await scene.login(number, process=number % 2)

        stop = asyncio.Event()
        knocking = [asyncio.ensure_future(knock(n, stop)) for n in range(1, 13)]
        undone = undos = 0
        while undos < 300 and count(scene.world.ledger_db, "SELECT COUNT(*) FROM tombstones") == 0:
            undos += 1
            op = scene.history.begin("undo", None, [])
            await command(scene.world, scene.history, op, ["undo", "--since", "2020-01-01T00:00:00Z"])
            undone += int(op.body.split()[0]) if op.status in ("exit 0", "exit 1") else 0
        stop.set()
        await asyncio.gather(*knocking)
        await asyncio.sleep(1)
        torn = [n for n in range(1, 13) if scene.stored(n) and (not scene.entry(n) or scene.entry(n)[0][1] != scene.stored(n)[0][1])]
        shut_out = [n for n in range(1, 13) if (await scene.login(n)).status == 401]
        return bool(shut_out or torn), {"commands": undos, "accounts that the ledger does not know": len(torn), "undone": undone, "logins": len(scene.history.ops), "customers shut out for ever": shut_out, "of": 12,
                                "refused `deleted` in the audit": sum(1 for a in scene.audit() if a.endswith("refused deleted")), "entries": [scene.entry(n) for n in shut_out[:3]]}


async def scenario_delete_pending(args):
    """A pending customer signs in for the first time while `landfall account delete` runs, with the default cost of Argon2 and
    no fault at all: does the account come back?"""
    back, rounds = [], 0
    async with Scene(args, "deletepending", customers=250, argon2="19MiB", passes=2) as scene:
        for number in range(1, 241):
            customer = scene.customer(number)
            if customer.blocked:
                continue
            await scene.caller.reset(scene.processes[0], customer, customer.username)
            rounds += 1
            op = scene.history.begin("delete", number, [None])
            delete = asyncio.ensure_future(command(scene.world, scene.history, op, ["account", "delete", customer.username]))
            await asyncio.sleep(scene.rng.uniform(0.0, 0.03))
            logins = await asyncio.gather(*(scene.login(number) for _ in range(2)))
            await delete
            if op.status == "exit 0":
                after = await scene.login(number)
                if after.status == 200 or scene.stored(number):
                    back.append((number, [login.status for login in logins], op.body, "login after it", after.status, scene.stored(number), scene.entry(number)))
        return bool(back), {"rounds": rounds, "deleted customers who are back": len(back), "such as": back[:2]}


async def scenario_delete_pending_paused(args):
    """The same, and the process stands still for a quarter of a second, far less than the lease, between claim and creation."""
    back, tried = [], 0
    async with Scene(args, "deletepp", customers=30) as scene:
        for number in range(1, 11):
            customer, process = scene.customer(number), scene.processes[0]
            await scene.caller.reset(process, customer, customer.username)
            tried += 1
            lock = locked(scene.world.accounts_db)
            login = asyncio.ensure_future(scene.login(number))
            await asyncio.sleep(0.1)
            process.send(signal.SIGSTOP)
            lock.execute("ROLLBACK")
            lock.close()
            op = scene.history.begin("delete", number, [None])
            await command(scene.world, scene.history, op, ["account", "delete", customer.username])
            process.send(signal.SIGCONT)
            await login
            after = await scene.login(number)
            if op.status == "exit 0" and (after.status == 200 or scene.stored(number)):
                back.append((number, "delete took ms", round((op.t1 - op.t0) * 1000), op.body, "login meanwhile", login.result().status, "login after it", after.status, scene.stored(number), scene.entry(number)))
        return bool(back), {"tried": tried, "deleted customers who are back": len(back), "such as": back[:1]}


async def scenario_delete_paused(args):
    """A process stands still (SIGSTOP) with a creation on its way to the store; the other one migrates the customer, the
    operator deletes the account, the first one wakes up: does the customer come back?"""
    back, tried, sample = 0, 0, None
    async with Scene(args, "deletepaused", processes=2, customers=100) as scene:
        for number in range(1, 31):
            customer = scene.customer(number)
            if customer.blocked:
                continue
            tried += 1
            # The store's lock holds the creation of process 0 back until it stands still.
            lock = locked(scene.world.accounts_db)
            first = asyncio.ensure_future(scene.login(number, process=0))
            await asyncio.sleep(0.3)
            scene.processes[0].send(signal.SIGSTOP)
            lock.execute("ROLLBACK")
            lock.close()
            try:
                await asyncio.sleep(2.5)
                second = await scene.login(number, process=1)
                op = scene.history.begin("delete", number, [None])
                await command(scene.world, scene.history, op, ["account", "delete", customer.username])
            finally:
                scene.processes[0].send(signal.SIGCONT)
            await first
            await asyncio.sleep(0.3)
            after = await scene.login(number, process=1)
            if op.status == "exit 0" and (after.status == 200 or scene.stored(number)):
                back += 1
                sample = sample or {"number": number, "login at the paused process": first.result().status, "login at the other": second.status, "delete": op.body, "login after it": after.status, "store": scene.stored(number), "entry": scene.entry(number)}
            if tried >= 3:
                break
    return back > 0, {"tried": tried, "came back": back, "sample": sample}


async def scenario_reset_race(args):
    """Forgot password and the first login with the right password at the same moment: is the login refused?"""
    refused, rounds = [], 0
    async with Scene(args, "resetrace", processes=2, customers=400) as scene:
        for number in range(1, 301):
            customer = scene.customer(number)
            if customer.blocked:
                continue
            rounds += 1
            calls = [Caller(scene.world, scene.history) for _ in range(4)]
            ops = await asyncio.gather(
                calls[0].reset(scene.processes[number % 2], customer, customer.username),
                calls[1].login(scene.processes[0], customer, customer.username, customer.legacy),
                calls[2].login(scene.processes[1], customer, customer.email, customer.legacy),
            )
            for caller in calls:
                for client in caller.clients:
                    client.drop()
            for op in ops[1:]:
                if op.status == 401:
                    refused.append((number, op.rid))
        audit = scene.audit()
        return bool(refused), {"rounds": rounds, "right passwords refused with 401": len(refused), "audit": [a for a in audit if a.split()[0] in {r for _, r in refused[:3]}],
                               "double `migrated`": [], }


async def scenario_pending_twice(args):
    """Several first logins of a pending customer at once: is the migration told twice?"""
    facts = {}
    for processes in (1, 2):
        rounds = 0
        async with Scene(args, "pendingtwice", processes=processes, customers=60) as scene:
            for number in range(1, 49):
                customer = scene.customer(number)
                await scene.caller.reset(scene.processes[0], customer, customer.username)
                rounds += 1
                await asyncio.gather(*(scene.login(number, process=at % processes, identifier=[customer.username, customer.email][at // 2]) for at in range(4)))
            audit = [a for a in scene.audit() if not a.endswith("made_pending")]
            per = collections.Counter(a.split()[0] for a in audit)
            migrated = collections.Counter()
            for (text,) in rows(scene.world.ledger_db, "SELECT text FROM audit WHERE outcome = 'migrated'"):
                migrated[json.loads(text)["account"]] += 1
            several = [rid for rid, number in per.items() if number > 1 and rid.startswith("op-")]
            facts[f"{processes} processes"] = {"rounds": rounds, "accounts with several rows `migrated`": sum(1 for n in migrated.values() if n > 1), "requests with two audit rows": len(several), "such as": [a for a in audit if several and a.split()[0] == several[0]]}
    return any(f["requests with two audit rows"] for f in facts.values()), facts


async def scenario_limit(args):
    """The limit of attempts: exactly so many guesses, over two processes and all spellings; then nobody; and not others."""
    async with Scene(args, "limit", processes=2, customers=20, limit=10) as scene:
        one, two = scene.customer(1), scene.customer(2)
        await scene.login(2)
        guesses = await asyncio.gather(*(scene.login(1, f"wrong{at}", process=at % 2, identifier=[one.username, one.email, one.username.upper(), one.email.lower()][at % 4]) for at in range(40)))
        verified = sum(1 for a in scene.audit() if a.endswith("refused wrong_password"))
        attempts = sum(1 for a in scene.audit() if a.endswith("refused attempts"))
        right = await scene.login(1)
        by_mail = await scene.login(1, identifier=one.email)
        # Right passwords never count.
        many = [await scene.login(2, process=at % 2) for at in range(30)]
        # The migrated customer: guesses at the store count on the same customer.
        for at in range(12):
            await scene.login(2, f"wrong{at}", process=at % 2, identifier=[two.username, two.email][at % 2])
        shut = await scene.login(2)
        at_store = sum(1 for a in scene.audit() if a.endswith("wrong_password_at_target"))
        facts = {"verified of 40": verified, "over the limit": attempts, "right password after that": right.status, "by e-mail": by_mail.status,
                 "30 right logins": dict(collections.Counter(op.status for op in many)), "verified at the store of 12": at_store, "then the right one": shut.status}
        bad = verified > 10 or right.status != 401 or by_mail.status != 401 or any(op.status != 200 for op in many) or at_store > 10 or shut.status != 401
        bad = bad or len({op.body["type"] for op in guesses if op.body}) != 1
        return bad, facts


async def scenario_attempts_leak(args):
    """A customer with the right password gets 503 while the ledger is locked for 1.9 s (a slow disk does the same), twelve
    times: 503 takes the attempt back, so the customer is never shut out."""
    async with Scene(args, "attempts", customers=60, limit=10) as scene:
        answers, process = collections.Counter(), scene.processes[0]
        for at in range(12):
            lock = locked(scene.world.ledger_db)
            # Another call is first in the writer, and fails after 1.2 s; the login's attempt waits behind it.
            other = asyncio.ensure_future(Caller(scene.world, scene.history).signup(process, None, f"somebody{at}"))
            await asyncio.sleep(0.05)
            login = asyncio.ensure_future(scene.login(3))
            await asyncio.sleep(1.85)
            lock.execute("ROLLBACK")
            lock.close()
            answers[(await login).status] += 1
            await other
            await asyncio.sleep(0.1)
        held = rows(scene.world.ledger_db, "SELECT failed FROM attempts WHERE failed > 0")
        final = await scene.login(3)
        facts = {"answers while locked": {str(k): v for k, v in answers.items()}, "counters that were not taken back": [r[0] for r in held], "the right password afterwards": final.status,
                 "audit": [a for a in scene.audit() if a.startswith("op-") and not a.endswith("free")][-3:]}
    return final.status != 200 or bool(held), facts


async def scenario_attempts_killed(args):
    """The same with SIGKILL: attempts that a crash cut off count as failures until their window ends."""
    async with Scene(args, "attemptskilled", processes=1, customers=20, limit=10) as scene:
        await scene.login(1)
        process = scene.processes[0]
        for _ in range(12):
            calls = [asyncio.ensure_future(scene.login(1)) for _ in range(2)]
            await asyncio.sleep(scene.rng.uniform(0.003, 0.006))
            await process.kill()
            await asyncio.gather(*calls)
            await process.start()
        held = rows(scene.world.ledger_db, "SELECT failed FROM attempts WHERE failed > 0")
        final = (await scene.login(1)).status
        return QUESTION if any(r[0] for r in held) else False, {"counters that were not taken back": [r[0] for r in held], "the right password afterwards": final}


async def scenario_late_set(args):
    """Setting a password answers 503 while the store's lock is held by somebody else; the caller sets another one at the other
    process and gets 204, `it is the password from now on`: does the first one come later and undo it?"""
    undone, tried, sample = 0, 0, None
    async with Scene(args, "lateset", processes=2, customers=60) as scene:
        other = (await scene.login(40)).body["account_id"]
        for number in range(1, 13):
            customer = scene.customer(number)
            account = (await scene.login(number)).body["account_id"]
            a, b, c = (Caller(scene.world, scene.history) for _ in range(3))
            lock = locked(scene.world.accounts_db)
            # Another call is first in the writer, and fails after 1.2 s; the first password waits behind it.
            ahead = asyncio.ensure_future(c.set(scene.processes[0], scene.customer(40), other, f"other-{number}"))
            await asyncio.sleep(0.3)
            first = await a.set(scene.processes[0], customer, account, f"first-{number}")
            second = asyncio.ensure_future(b.set(scene.processes[1], customer, account, f"second-{number}"))
            await asyncio.sleep(0.1)
            lock.execute("ROLLBACK")
            lock.close()
            told = await second
            await ahead
            await asyncio.sleep(0.5)
            if first.status != 503 or told.status != 204:
                continue
            tried += 1
            got = [(await scene.login(number, f"{name}-{number}", process=1)).status for name in ("first", "second")]
            if got != [401, 200]:
                undone += 1
                sample = sample or {"first set": first.status, "second set": told.status, "login with the first, with the second": got}
    return undone > 0, {"tried": tried, "acknowledged passwords undone": undone, "sample": sample}


async def scenario_late_create(args):
    """A process stands still with a creation on its way to the store, longer than the lease; the other one gives the claim up,
    then the creation is written all the same: do the books know of the account?"""
    facts = []
    async with Scene(args, "latecreate", processes=2, customers=60) as scene:
        for number in range(1, 4):
            lock = locked(scene.world.accounts_db)
            first = asyncio.ensure_future(scene.login(number))
            await asyncio.sleep(0.3)
            scene.processes[0].send(signal.SIGSTOP)
            lock.execute("ROLLBACK")
            lock.close()
            await asyncio.sleep(3.3)
            scene.processes[0].send(signal.SIGCONT)
            op = await first
            await asyncio.sleep(2.5)
            before = (scene.entry(number), scene.stored(number))
            after = await scene.login(number)
            facts.append({"login": op.status, "entry and store after it": before, "next login": [after.status, (after.body or {}).get("outcome")], "entry for good": scene.entry(number), "audit of the first": [a for a in scene.audit() if a.startswith(op.rid + " ")]})
        status = json.loads(scene.world.run("status", "--format", "json").stdout)
        undo = scene.world.run("undo", "--since", "2020-01-01T00:00:00Z").stdout.strip()
    bad = [f for f in facts if not f["entry for good"] or f["entry for good"][0][0] != "done"]
    return bool(bad), {"accounts whose entry is not done": len(bad), "of": len(facts), "status": {k: status[k] for k in ("migrated", "abandoned")}, "undo": undo, "such as": bad[:1] or facts[:1]}


async def scenario_recovered_twice(args):
    """Creations whose end was not written (the ledger was locked for 4 s), and two processes that recover: is each told once?"""
    async with Scene(args, "recovered", processes=2, customers=60) as scene:
        store = locked(scene.world.accounts_db)
        logins = [asyncio.ensure_future(scene.login(number)) for number in range(1, 31)]
        await asyncio.sleep(0.3)
        ledger = locked(scene.world.ledger_db)
        store.execute("ROLLBACK")
        store.close()
        await asyncio.sleep(4)
        ledger.execute("ROLLBACK")
        ledger.close()
        answers = collections.Counter(op.status for op in await asyncio.gather(*logins))
        await asyncio.sleep(2.5)
        told = collections.Counter()
        for (text,) in rows(scene.world.ledger_db, "SELECT text FROM audit WHERE outcome IN ('recovered', 'migrated')"):
            told[json.loads(text)["account"]] += 1
        twice = sum(1 for number in told.values() if number > 1)
        return twice > 0, {"answers": {str(k): v for k, v in answers.items()}, "accounts": count(scene.world.accounts_db, "SELECT COUNT(*) FROM accounts"), "told": dict(collections.Counter(told.values())), "told twice": twice}


async def scenario_late_create_lock(args):
    """The same without any pause: somebody holds the store's lock for 2.4 s while customers sign in for the first time."""
    async with Scene(args, "latelock", processes=2, customers=120) as scene:
        answers, number = collections.Counter(), 0
        for _ in range(8):
            lock = locked(scene.world.accounts_db)
            calls = []
            for at in range(6):
                number += 1
                calls.append(asyncio.ensure_future(scene.login(number)))
                await asyncio.sleep(0.06 if at == 0 else 0)
            await asyncio.sleep(2.3)
            lock.execute("ROLLBACK")
            lock.close()
            for call in calls:
                answers[(await call).status] += 1
            await asyncio.sleep(2.5)
        unknown = [n for n in range(1, number + 1) if scene.stored(n) and scene.entry(n)[0][0] != "done"]
        later = [(await scene.login(n)).body.get("outcome") for n in unknown[:3]]
        return bool(unknown), {"answers": {str(k): v for k, v in answers.items()}, "accounts": count(scene.world.accounts_db, "SELECT COUNT(*) FROM accounts"), "of them not done in the ledger": len(unknown), "their next login": later, "entry after that": [scene.entry(n) for n in unknown[:2]]}


async def scenario_undo_pending(args):
    """A customer asked for a new password, then remembered the old one and was migrated by a faulty rule file: does undo take it
    back as any other migration?"""
    async with Scene(args, "undopending", customers=5) as scene:
        await scene.login(1)
        await scene.caller.reset(scene.processes[0], scene.customer(2), scene.customer(2).username)
        op = await scene.login(2)
        undo = scene.world.run("undo", "--since", "2020-01-01T00:00:00Z").stdout.strip()
        kept = bool(scene.stored(2))
        return kept, {"second customer": op.body["outcome"], "undo said": undo, "nobody changed the account, and it is kept": kept}


async def scenario_status_pending(args):
    """Forgot password, a password set by the caller, a sign-in: what does `landfall status` count the customer as?"""
    async with Scene(args, "statuspending", customers=5) as scene:
        await scene.caller.reset(scene.processes[0], scene.customer(1), scene.customer(1).username)
        account = scene.stored(1)[0][1]
        await scene.caller.set(scene.processes[0], scene.customer(1), account, "a-new-password")
        op = await scene.login(1, "a-new-password")
        status = json.loads(scene.world.run("status", "--format", "json", "--of", "5").stdout)
        listed = scene.world.run("account", "list").stdout.split()[1]
        return listed == "active" and status["pending"] == 1, {"sign-in": op.body["outcome"], "account list": listed, "status": {k: status[k] for k in ("migrated", "pending")}}


async def scenario_reset_counts(args):
    """Ten times forgot password, no guess at all, then the right password; and: over the limit, then a password set by the
    caller, then that password."""
    async with Scene(args, "resetcounts", customers=5, limit=10) as scene:
        customer, process = scene.customer(1), scene.processes[0]
        await scene.login(1)
        for _ in range(10):
            await scene.caller.reset(process, customer, customer.username)
        same_name, other_name = await scene.login(1), await scene.login(1, identifier=customer.email)
        account = (await scene.login(2)).body["account_id"]
        for at in range(10):
            await scene.login(2, f"wrong{at}")
        told = await scene.caller.set(process, scene.customer(2), account, "a-new-password")
        new = await scene.login(2, "a-new-password")
        return QUESTION if same_name.status == 401 else False, {"after ten resets by name": same_name.status, "by e-mail": other_name.status, "audit": [a for a in scene.audit() if a.startswith(same_name.rid)],
                                         "ten wrong passwords, then set": told.status, "sign-in with the set one": new.status}


async def scenario_start_race(args):
    """Two processes start at once on no files at all; and one is killed at any moment of its first start."""
    failures, lost = [], []
    for _ in range(6):
        scene = Scene(args, "startrace", processes=2, customers=5)
        try:
            answers = await asyncio.gather(*(process.start(15) for process in scene.processes))
            retried = [p.runs[-1].get("failed_starts") for p in scene.processes]
            if not all(answers) or any(retried):
                failures.append((answers, retried, open(scene.processes[0].log).read()[-300:]))
        finally:
            await scene.__aexit__()
    for _ in range(25):
        scene = Scene(args, "killstart", customers=5)
        try:
            process = scene.processes[0]
            process.spawn()
            await asyncio.sleep(scene.rng.uniform(0, 0.06))
            await process.kill()
            if not await process.start(15) or process.runs[-1].get("failed_starts"):
                lost.append(open(process.log).read()[-300:])
            elif (await scene.login(1)).status != 200:
                lost.append("no login")
        finally:
            await scene.__aexit__()
    return bool(failures or lost), {"starts of two at once that failed": failures, "starts after a killed first start that failed": lost}


async def scenario_half_rules(args):
    """A rule file is half written for a second (a slow copy), and its first half is valid YAML without `credential`: is a right
    password refused meanwhile?"""
    async with Scene(args, "halfrules", customers=5) as scene:
        path = scene.world.path("rules/chaos.yaml")
        whole = open(path).read()
        half = whole[: whole.index("  name.full")]
        with open(path, "w") as out:
            out.write(half)
        await asyncio.sleep(1)
        check = scene.world.run("check")
        op = await scene.login(1)
        with open(path, "w") as out:
            out.write(whole)
        await asyncio.sleep(1)
        after = await scene.login(1)
        return QUESTION if op.status == 401 else False, {"login meanwhile": op.status, "audit": [a for a in scene.audit() if a.startswith(op.rid)], "afterwards": after.status, "check": [line for line in (check.stdout + check.stderr).splitlines() if line.startswith("checked")]}


async def scenario_desk_with_broken_rules(args):
    """While the rule file is broken the service goes on with the rules in force. Do the operator's commands?"""
    async with Scene(args, "desk", customers=5) as scene:
        await scene.login(1)
        scene.world.break_rules(random.Random(2))
        codes = {}
        for arguments in (["status"], ["audit", "verify"], ["account", "list"], ["account", "delete", scene.customer(1).username], ["undo", "--since", "2020-01-01T00:00:00Z"]):
            codes[" ".join(arguments[:2])] = scene.world.run(*arguments).returncode
        return QUESTION if any(code == 2 for code in codes.values()) else False, codes


SCENARIOS = {name[9:]: work for name, work in list(globals().items()) if name.startswith("scenario_")}


async def scenes(args):
    names = list(SCENARIOS) if args.scenario == "all" else args.scenario.split(",")
    found = 0
    for name in names:
        began = NOW()
        bad, facts = await SCENARIOS[name](args)
        found += bad is not False and bad != QUESTION
        print(f"{'QUESTION ' if bad == QUESTION else 'VIOLATION' if bad else 'fine     '} {name} ({NOW() - began:.1f} s): {' '.join(SCENARIOS[name].__doc__.split())}")
        print("          " + json.dumps(facts, ensure_ascii=False, default=str), flush=True)
    return 1 if found else 0


# ------------------------------------------------------------------------------------------------------------- self-test


def self_test():
    """Histories of one customer with legacy password L, and whether they are possible."""
    refused = {"type": "refused"}

    def at(n, t0, t1, kind, arg, status, body=None, note="", end=None):
        op = Op(n, kind, 1, arg, 0, 0, "chaos")
        op.t0, op.t1, op.status, op.body, op.note = t0, t1, status, body, note
        op.end = end if end is not None else t1
        return op

    def login(password, status, outcome="authenticated", account="a"):
        return "login", ["x", password], status, {"outcome": outcome, "account_id": account} if status == 200 else refused

    migrated = login("L", 200, "migrated")
    cases = [
        ("first login, later login", True, [(0, 1, *migrated), (2, 3, *login("L", 200))]),
        ("a wrong password is in", False, [(0, 1, *migrated), (2, 3, *login("X", 200))]),
        ("a wrong password migrates", False, [(0, 1, *login("X", 200, "migrated"))]),
        ("a right password is refused", False, [(0, 1, *login("L", 401))]),
        ("a right password is refused later", False, [(0, 1, *migrated), (2, 3, *login("L", 401))]),
        ("migrated twice", False, [(0, 1, *migrated), (2, 3, *login("L", 200, "migrated", "b"))]),
        ("two logins race, one migrates", True, [(0, 5, *migrated), (0, 5, *login("L", 200))]),
        ("two logins race, both migrate", False, [(0, 5, *migrated), (0, 5, *login("L", 200, "migrated", "b"))]),
        ("authenticated before anybody migrated", False, [(0, 1, *login("L", 200)), (2, 3, *migrated)]),
        ("a changed password counts", True, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 204), (4, 5, *login("N", 200)), (6, 7, *login("L", 401))]),
        ("an old password after a change", False, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 204), (4, 5, *login("L", 200))]),
        ("either during the change", True, [(0, 1, *migrated), (2, 9, "set", ["a", "N"], 204), (3, 4, *login("L", 200)), (5, 6, *login("N", 200))]),
        ("new, then old, during the change", False, [(0, 1, *migrated), (2, 9, "set", ["a", "N"], 204), (3, 4, *login("N", 200)), (5, 6, *login("L", 200))]),
        ("a change with 503 may count later", True, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 503, None, "", 9), (4, 5, *login("L", 200)), (6, 7, *login("N", 200))]),
        ("but not for ever", False, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 503, None, "", 5), (6, 7, *login("L", 200)), (8, 9, *login("N", 200))]),
        ("and not turn back", False, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 503, None, "", 9), (4, 5, *login("N", 200)), (6, 7, *login("L", 200))]),
        ("a deleted customer is refused", True, [(0, 1, *migrated), (2, 3, "delete", ["a"], "exit 0"), (4, 5, *login("L", 401))]),
        ("a deleted customer comes back", False, [(0, 1, *migrated), (2, 3, "delete", ["a"], "exit 0"), (4, 5, *login("L", 200, "migrated", "b"))]),
        ("an undone customer migrates anew", True, [(0, 1, *migrated), (2, 3, "undone", ["a"], "exit 0"), (4, 5, *login("L", 200, "migrated", "b"))]),
        ("an undone customer is refused", False, [(0, 1, *migrated), (2, 3, "undone", ["a"], "exit 0"), (4, 5, *login("L", 401))]),
        ("a changed account is undone", False, [(0, 1, *migrated), (2, 3, "set", ["a", "N"], 204), (4, 5, "undone", ["a"], "exit 0")]),
        ("a pending customer migrates", True, [(0, 1, "reset", ["x"], 202, None, "accepted"), (2, 3, "get", ["a"], 200, {"state": "pending"}), (4, 5, *migrated)]),
        ("a pending customer is in without proof", False, [(0, 1, "reset", ["x"], 202, None, "accepted"), (2, 3, *login("", 200))]),
        ("undo, then pending, seen before undo ends", True, [(0, 1, *migrated), (2, 9, "undone", ["a"], "exit 0"), (3, 4, "reset", ["x"], 202, None, "accepted"), (5, 6, "get", ["b"], 200, {"state": "pending"})]),
        ("a free name that is taken", False, [(0, 1, "signup", ["x"], 200, {"available": True})]),
        ("an acknowledged account that is gone", False, [(0, 1, *migrated), (2, 3, "final", None, "store")]),
        ("lost, and there", True, [(0, 1, "login", ["x", "L"], "lost", None, "", 2), (3, 4, *login("L", 200))]),
        ("lost, and not there", True, [(0, 1, "login", ["x", "L"], "lost", None, "", 2), (3, 4, *migrated)]),
    ]
    customer = Customer(random.Random(1), 1, False)
    customer.legacy = "L"
    wrong = 0
    for name, possible, ops in cases:
        try:
            linearize([at(n, *op) for n, op in enumerate(ops)], customer)
            found = True
        except Violation:
            found = False
        if found != possible:
            wrong += 1
            print(f"WRONG: {name}: {found}")
    print(f"{len(cases)} histories, {wrong} judged wrongly")
    return 1 if wrong else 0


# ------------------------------------------------------------------------------------------------------------------ main


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", help="the program")
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--source", choices=SOURCES, default="file", help="the legacy system")
    parser.add_argument("--store", choices=STORES, default="files", help="where the ledger and the accounts are")
    parser.add_argument("--kill-rate", type=float, default=10, help="kills per minute; one in five is a SIGTERM")
    parser.add_argument("--fault-rate", type=float, default=1, help="factor of all other faults")
    parser.add_argument("--faults", default="kill,stop,export,store,lock,full,rules,delete,undo", help="which faults there are")
    parser.add_argument("--skip", default="", help="which operations there are not: reset, set, burst")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--think", type=float, default=0.02, help="mean pause of a client between calls, in seconds")
    parser.add_argument("--argon2", default="8KiB", help="memory of a stored hash")
    parser.add_argument("--tmpfs", type=int, default=0, help="MiB of a tmpfs for the data, so that it can be full (needs mount)")
    parser.add_argument("--late", type=float, default=6, help="how long a call without an answer may still happen, in seconds")
    parser.add_argument("--grace", type=float, default=7, help="how long after a fault 503 is no violation (the breaker opens 5 s)")
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "landfall-chaos"), help="where the worlds are made")
    parser.add_argument("--keep", action="store_true", help="keep the folders of runs and scenarios in which nothing was found")
    parser.add_argument("--show", type=int, default=2, help="how many violations of a kind are printed")
    parser.add_argument("--lines", type=int, default=14, help="how many operations of the customer are printed with it")
    parser.add_argument("--out", help="a file that gets one line of figures")
    parser.add_argument("--sabotage", action="store_true", help="break promises by hand, to see that the checker sees it")
    parser.add_argument("--self-test", action="store_true", help="hold the checker itself against histories that are known")
    parser.add_argument("--scenario", help=f"instead of a storm: all, or some of {', '.join(SCENARIOS)}")
    args = parser.parse_args()
    if args.self_test:
        sys.exit(self_test())
    if not args.bin:
        parser.error("--bin is missing")
    if args.store != "files" and (args.scenario or args.sabotage):
        parser.error("scenarios and sabotage need --store files")
    args.bin = os.path.abspath(args.bin)
    sys.exit(asyncio.run(scenes(args) if args.scenario else Chaos(args).go()))


if __name__ == "__main__":
    main()
