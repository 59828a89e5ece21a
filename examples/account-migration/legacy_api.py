#!/usr/bin/env python3
"""The customer system of Nordwall, an invented shop, as far as other systems see it: a REST API.

    python3 legacy_api.py             serves the customers of customers.json until Ctrl-C
    python3 legacy_api.py --export    prints all customers as NDJSON, each with orders and consents

It listens on 127.0.0.1, on the port in NORDWALL_PORT (9090 if not set). Callers are clients with a token (OAuth 2.0 client
credentials); the secret of the only client, `landfall`, is made for this folder and kept in the file client.secret.
"""

import base64
import hmac
import json
import os
import secrets
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote_plus, urlsplit

FOLDER = Path(__file__).resolve().parent
SECRET = FOLDER / "client.secret"
CLIENT = "landfall"
TOKEN_SECONDS = 300
LONGEST_BODY = 64 * 1024
INVALID_TOKEN = {"code": "invalid_token"}


class System:
    """Customers, and the tokens of clients."""

    def __init__(self):
        self.customers = json.loads((FOLDER / "customers.json").read_text(encoding="utf-8"))
        self.tokens = {}

    def token(self, client, secret):
        """A new token, or None if it is not the client."""
        known = f"{CLIENT}:{SECRET.read_text().strip()}"
        if not same(f"{client}:{secret}", known):
            return None
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return token

    def is_valid(self, token):
        return self.tokens.get(token, 0) > time.monotonic()

    def named(self, typed):
        """The customer with this login or mail address, in any spelling."""
        wanted = typed.casefold()
        return next((c for c in self.customers if any(n.casefold() == wanted for n in logins(c))), None)

    def search(self, typed):
        """The customers whose login or mail address begins with a text. The erased are not among them."""
        start = typed.casefold()
        return [c for c in self.customers if "user" in c and any(n.casefold().startswith(start) for n in logins(c))]

    def by_id(self, number):
        return next((c for c in self.customers if "user" in c and str(c["user"]["id"]) == number), None)


def logins(customer):
    user = customer.get("user", customer)
    return [name for name in (user.get("login"), user.get("mail")) if name]


def same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())


def verify(customer, password):
    """Status and body of the answer to a password."""
    if customer is None or "user" not in customer:
        return 401, {"code": "bad_credentials"}
    if customer.get("locked"):
        return 423, {"code": "locked"}
    if customer.get("disabled"):
        return 403, {"code": "disabled"}
    if not same(customer.get("password", ""), password) or not password:
        return 401, {"code": "bad_credentials"}
    return 200, {"verified": True, "userId": customer["user"]["id"], "temporary": bool(customer.get("temporary"))}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Nordwall/3"
    timeout = 30
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is sent as a whole

    def do_GET(self):
        self.answer(self.routes_for_get)

    def do_POST(self):
        self.answer(self.routes_for_post)

    def answer(self, routes):
        url = urlsplit(self.path)
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.send(413, {"code": "too_large"})
        body = self.rfile.read(int(length))
        if url.path != "/oauth/token" and not self.server.system.is_valid(self.bearer()):
            return self.send(401, INVALID_TOKEN)
        try:
            status, answer = routes(url, body)
        except (ValueError, KeyError, TypeError):
            status, answer = 400, {"code": "bad_request"}
        return self.send(status, answer)

    def routes_for_get(self, url, _body):
        system, parts = self.server.system, url.path.strip("/").split("/")
        if parts == ["api", "users"]:
            typed = parse_qs(url.query)["login"][0]
            customer = system.named(typed)
            if customer is not None and "user" not in customer:
                return 410, {"code": "erased", "on": customer["erased"]}
            return 200, {"items": [c["user"] for c in system.search(typed)]}
        if len(parts) == 4 and parts[:2] == ["api", "users"] and parts[3] in ("orders", "consents"):
            customer = system.by_id(parts[2])
            if customer is None:
                return 404, {"code": "no_such_user"}
            # a customer who was never asked has no list of consents
            if parts[3] not in customer:
                return 404, {"code": f"no_{parts[3]}"}
            return 200, {"items": customer[parts[3]]}
        return 404, {"code": "no_such_route"}

    def routes_for_post(self, url, body):
        system = self.server.system
        if url.path == "/oauth/token":
            client, secret = basic(self.headers.get("authorization", ""))
            token = system.token(client, secret)
            if token is None:
                return 401, {"error": "invalid_client"}
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        if url.path == "/api/session":
            typed = json.loads(body)
            return verify(system.named(typed["login"]), typed["password"])
        return 404, {"code": "no_such_route"}

    def bearer(self):
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else ""

    def send(self, status, answer):
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if answer == INVALID_TOKEN:
            self.send_header("www-authenticate", 'Bearer error="invalid_token"')
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code="-", size="-"):
        # without the query, which has what customers type
        sys.stderr.write(f"{self.command} {urlsplit(self.path).path} {int(code)}\n")


def basic(header):
    """Client and secret of basic authentication."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    return unquote_plus(client), unquote_plus(secret)


def make_secret():
    if not SECRET.exists():
        with open(os.open(SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")


def export():
    for customer in System().customers:
        if "user" in customer:
            lists = {name: customer.get(name, []) for name in ("orders", "consents")}
            print(json.dumps({**customer["user"], **lists}, ensure_ascii=False))


def serve(port):
    make_secret()
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        sys.exit(f"port {port} cannot be used ({error.strerror}); set another one for this program and for Landfall:"
                 " export NORDWALL_PORT=9091")
    server.system = System()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Nordwall's customer system listens on http://127.0.0.1:{server.server_port}; stop it with Ctrl-C", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)


def main():
    if sys.argv[1:] == ["--export"]:
        return export()
    port = os.environ.get("NORDWALL_PORT") or "9090"
    if sys.argv[1:] or not port.isdecimal() or int(port) > 65535:
        sys.exit(__doc__)
    return serve(int(port))


if __name__ == "__main__":
    main()
