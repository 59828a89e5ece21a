"""Makes the keys and the cases of this folder, with joserfc and cryptography: implementations that are not ours.

    pip install joserfc cryptography
    python3 tests/cases/bridges/entra/make.py

Keys that are there are kept; everything else is written anew. The clock of the cases stands at NOW.
"""

import base64
import json
import os
import pathlib
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

HERE = pathlib.Path(__file__).parent
NOW = 1795953600  # 2026-11-29T12:00:00Z
TENANT = "3f1c2f0e-8f6b-4c59-9a55-0d9a5be5c0aa"
APP = "7d0cf6a4-52d4-4a0f-8c43-1b6b1f3a9e10"
ISSUER = f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"
CALLER = "99045fe1-7639-4a75-9d4a-577b6ca3810f"
NONCE = "b0f6d7a5-6a3c-4a5e-9f3c-2b7f0e7b1c55"
KEY_ALGORITHMS = ["RSA-OAEP", "RSA-OAEP-256"]
CONTENT_ALGORITHMS = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def key(name, make):
    path = HERE / f"{name}.pem"
    if not path.exists():
        pem = make().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(pem)
    return path.read_text()


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


DECRYPT = key("decrypt", rsa_key)
NEXT = key("next", rsa_key)
SIGNER = key("signer", rsa_key)
STRANGER = key("stranger", rsa_key)
EC_SIGNER = key("signer-ec", lambda: ec.generate_private_key(ec.SECP256R1()))


def public(pem, kid, kind=RSAKey, **more):
    return {**kind.import_key(pem).as_dict(private=False), "kid": kid, **more}


(HERE / "jwks.json").write_text(json.dumps({"keys": [
    public(SIGNER, "signer", use="sig", issuer=ISSUER),
    public(EC_SIGNER, "signer-ec", ECKey, use="sig"),
    public(DECRYPT, "not-for-signatures", use="enc"),
    {"kty": "oct", "kid": "secret", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
]}, indent=1) + "\n")
(HERE / "two.pem").write_text("The key of next year, and the one of this year.\n" + NEXT + DECRYPT)


# --- access tokens

def claims(**changes):
    base = {
        "aud": APP, "iss": ISSUER, "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600, "azp": CALLER,
        "azpacr": "2", "oid": "34d97ed7-0000-4000-8000-000000000001", "sub": "34d97ed7-0000-4000-8000-000000000001",
        "tid": TENANT, "ver": "2.0",
    }
    base.update(changes)
    return {name: value for name, value in base.items() if value is not None}


def token(alg="RS256", kid="signer", pem=None, header=None, payload=None, kind=RSAKey, **changes):
    head = {"typ": "JWT", "alg": alg, **({"kid": kid} if kid else {}), **(header or {})}
    body = payload if payload is not None else compact(claims(**changes))
    if alg == "none":
        return f"{b64(compact(head))}.{b64(body)}."
    signer = kind.import_key(pem or SIGNER)
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact(head, body, signer, algorithms=[alg], registry=registry)


def signed_by_hand(head):
    """With a header that the library does not write."""
    text = f"{b64(compact(head))}.{b64(compact(claims()))}"
    signature = RSAKey.import_key(SIGNER).raw_value.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{b64(signature)}"


VALID = token()
HEAD, BODY, SIGNATURE = VALID.split(".")

# --- encrypted passwords


def password(**changes):
    base = {
        "aud": APP, "iss": f"api://bridge.example/{APP}", "iat": NOW - 1, "nbf": NOW - 1, "exp": NOW + 600,
        "user-password": "Fjord-27-paß", "username": "maud.okonjo@example.com", "nonce": NONCE,
    }
    base.update(changes)
    return {name: value for name, value in base.items() if value is not None}


def nested(content, alg="none", signature=b""):
    return f"{b64(compact({'alg': alg}))}.{b64(compact(content))}.{b64(signature)}".encode()


def sealed(content, alg="RSA-OAEP", enc="A128CBC-HS256", pem=DECRYPT, **header):
    algorithms = [*KEY_ALGORITHMS, *CONTENT_ALGORITHMS, "RSA1_5", "dir", "DEF"]
    registry = jwe.JWERegistry(algorithms=algorithms, strict_check_header=False)
    head = {"alg": alg, "enc": enc, "x5t": "hneM-JgBaCdgaut0gEAufGRukVE", **header}
    return jwe.encrypt_compact(head, content, RSAKey.import_key(pem), algorithms=algorithms, registry=registry)


def sealed_with(key_bytes, content, head, encrypted_key=None):
    """A token whose content key is ours to choose: A256GCM."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    iv = bytes(range(12))
    head = b64(compact(head))
    if encrypted_key is None:
        encrypted_key = RSAKey.import_key(DECRYPT).raw_value.public_key().encrypt(
            key_bytes, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
    both = AESGCM(key_bytes).encrypt(iv, content, head.encode())
    return ".".join([head, b64(encrypted_key), b64(iv), b64(both[:-16]), b64(both[-16:])])


def event(encrypted, **changes):
    data = {
        "@odata.type": "microsoft.graph.onPasswordSubmitCalloutData",
        "tenantId": TENANT,
        "authenticationEventListenerId": "1aeebe49-0000-4000-8000-000000000001",
        "customAuthenticationExtensionId": "761fcc06-0000-4000-8000-000000000001",
        "encryptedPasswordContext": encrypted,
        "authenticationContext": {
            "correlationId": "a2b1f0dd-19f6-43a9-be18-3ba36ad419a0",
            "client": {"ip": "203.0.113.9", "locale": "en-gb", "market": "en-gb"},
            "protocol": "OAUTH2.0",
            "clientServicePrincipal": {"id": "a70c1626-0000-4000-8000-000000000001", "appDisplayName": "shop"},
            "resourceServicePrincipal": None,
            "user": {
                "id": "77777777-0000-4000-8000-000000000001", "mail": "maud@elsewhere.example",
                "userPrincipalName": "77777777-0000-4000-8000-000000000001@shop.onmicrosoft.com",
                "userType": "Member", "displayName": "Maud",
            },
        },
        "userSignUpInfo": None,
        "otpContext": None,
    }
    data.update(changes)
    return {
        "type": "microsoft.graph.authenticationEvent.passwordSubmit",
        "source": f"/tenants/{TENANT}/applications/99999999-0000-4000-8000-000000000001",
        "data": {name: value for name, value in data.items() if value != "-"},
    }


def short(encrypted):
    return {"type": "microsoft.graph.authenticationEvent.passwordSubmit", "data": {"encryptedPasswordContext": encrypted}}


def reply(action):
    return {"status": 200, "headers": {"content-type": "application/json"}, "json": {"data": {
        "@odata.type": "microsoft.graph.onPasswordSubmitResponseData",
        "actions": [{"@odata.type": f"microsoft.graph.passwordSubmit.{action}"}],
        "nonce": NONCE,
    }}}


def post(body, bearer=VALID, **more):
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return {"method": "POST", "headers": headers, "json": body, **more}


ASKS = {
    "ask": "login", "identifier": "maud.okonjo@example.com", "password": "Fjord-27-paß", "network": "203.0.113.9",
    "correlation": "a2b1f0dd-19f6-43a9-be18-3ba36ad419a0", "echo": NONCE,
}
OUTCOMES = [
    {"outcome": {"accepted": {"account": "e-1"}}, "reply": reply("MigratePassword")},
    {"outcome": {"accepted": {"account": "e-1", "must_change_password": True}}, "reply": reply("UpdatePassword")},
    {"outcome": "refused", "reply": reply("Retry")},
    {"outcome": "unavailable", "reply": {"status": 503, "headers": {"retry-after": "5"}}},
]
MALFORMED = {"status": 400, "json": {"error": "malformed request"}}
NOT_ADMITTED = {"status": 401, "headers": {"www-authenticate": "Bearer error=\"invalid_token\""}}


def asked(name, encrypted, then=(), **asks):
    return {"name": name, "request": post(event(encrypted)), "asks": {**ASKS, **asks}, "then": list(then)}


def malformed(name, body):
    return {"name": name, "request": post(body), "replies": MALFORMED}


def broken(name, encrypted):
    return malformed(name, short(encrypted))


def refused(name, bearer):
    return {"name": name, "request": post(short("a.b.c.d.e"), bearer), "refuses": NOT_ADMITTED}


def write(name, key_file, keys, cases, about):
    settings = {
        "kind": "entra",
        "decryption_key": f"file:{key_file}",
        "access_token": {
            "issuer": ISSUER, "audience": [APP, f"api://bridge.example/{APP}"], "authorized_parties": [CALLER],
            "keys": keys,
        },
    }
    lines = [f"# {about} Written by make.py.", f"settings: {json.dumps(settings)}",
             "now: '2026-11-29T12:00:00Z'", "cases:"]
    for case in cases:
        text = json.dumps(case, ensure_ascii=False)
        for outcome in ("accepted",):
            text = text.replace('"outcome": {"%s": ' % outcome, '"outcome": !%s ' % outcome)
        text = text.replace("}}, \"reply\"", "}, \"reply\"") if "!accepted" in text else text
        lines.append(f"  - {text}")
    (HERE / f"{name}.yaml").write_text("\n".join(lines) + "\n")


# --- what is asked

cases = [asked("an unsecured token, compressed, as in a call that was recorded", sealed(nested(password()), zip="DEF"),
               OUTCOMES)]
for alg in KEY_ALGORITHMS:
    for enc in CONTENT_ALGORITHMS:
        cases.append(asked(f"{alg} with {enc}", sealed(compact(password()), alg, enc), OUTCOMES[2:3]))
        cases.append(asked(f"{alg} with {enc}, compressed", sealed(nested(password()), alg, enc, zip="DEF")))
cases += [
    asked("another member of the audience, by the claims of version 1",
          sealed(compact(password())), OUTCOMES[:1]) | {"request": post(event(sealed(compact(password()))), token(
              aud=[f"api://bridge.example/{APP}", "other"], azp=None, appid=CALLER, ver="1.0"))},
    asked("a token without the id of a key", sealed(compact(password()))) | {
        "request": post(event(sealed(compact(password()))), token(kid=None))},
    asked("a password with every kind of sign", sealed(compact(password(**{"user-password": "ŝ\"\\ \t✓ \u0000😀"}))),
          password="ŝ\"\\ \t✓ \u0000😀"),
    asked("an empty password", sealed(compact(password(**{"user-password": ""}))), password=""),
    asked("no name: the address of the account", sealed(compact(password(username=None))),
          identifier="maud@elsewhere.example"),
    asked("an empty name: the address of the account", sealed(compact(password(username=""))),
          identifier="maud@elsewhere.example"),
    asked("no times inside", sealed(compact(password(iat=None, nbf=None, exp=None)))),
    asked("the clock of the tenant is a little behind", sealed(compact(password(exp=NOW - 50)))),
    asked("members that are not known, inside and outside", sealed(compact(password(amr=["pwd"], x={"y": [1]})))),
]
for alg, kid, pem, kind in [("RS384", "signer", SIGNER, RSAKey), ("RS512", "signer", SIGNER, RSAKey),
                            ("PS256", "signer", SIGNER, RSAKey), ("ES256", "signer-ec", EC_SIGNER, ECKey)]:
    encrypted = sealed(compact(password()))
    cases.append(asked(f"an access token with {alg}", encrypted) | {
        "request": post(event(encrypted), token(alg, kid, pem, kind=kind))})
no_context = event(sealed(compact(password())), authenticationContext=None)
cases.append({"name": "no context", "request": post(no_context), "then": OUTCOMES[:1],
              "asks": {"ask": "login", "identifier": ASKS["identifier"], "password": ASKS["password"], "echo": NONCE}})
other_case = event(sealed(compact(password())))
other_case["type"] = "Microsoft.Graph.authenticationEvent.PasswordSubmit"
cases.append(asked("the event in another case", "") | {"request": post(other_case)})
odd = event(sealed(compact(password())))
odd["data"]["authenticationContext"]["client"]["ip"] = "321.456.789.255"
odd["data"]["authenticationContext"]["correlationId"] = "x" * 200
cases.append({"name": "an address that is none, and an id that is too long", "request": post(odd),
              "asks": {key: ASKS[key] for key in ("ask", "identifier", "password", "echo")}})
write("asks", "decrypt.pem", "jwks.json", cases, "What is asked, and what is answered.")

encrypted = sealed(compact(password()))
cases = [
    asked("for the key of this year", encrypted, OUTCOMES[:1]),
    asked("for the key of next year", sealed(compact(password()), pem=NEXT, enc="A256GCM"), OUTCOMES[:1]),
    broken("for the key of a stranger", sealed(compact(password()), pem=STRANGER)),
]
write("rotation", "two.pem", "jwks.json", cases, "Two keys, while they are exchanged.")

# --- the health check and other requests

cases = [
    {"name": "the health check", "request": {"method": "GET"}, "replies": {"status": 200}},
    {"name": "the health check with a query", "request": {"method": "GET", "path": "/", "query": "a=b"},
     "replies": {"status": 200}},
    {"name": "another path", "request": post(event(encrypted), path="/login"), "replies": {"status": 404}},
    {"name": "another method", "request": {**post(event(encrypted)), "method": "PUT"}, "replies": {"status": 405}},
    malformed("a list", []),
    malformed("an empty object", {}),
    malformed("no encrypted password", event("-")),
    malformed("an encrypted password that is no text", event(7)),
    malformed("a context that is a text", event(encrypted, authenticationContext="x")),
    malformed("an address that is a number", event(encrypted, authenticationContext={"client": {"ip": 7}})),
    {"name": "no JSON", "request": {**post(None), "text": "encryptedPasswordContext=x"}, "replies": MALFORMED},
    {"name": "cut off", "request": {**post(None), "text": json.dumps(event(encrypted))[:-1]}, "replies": MALFORMED},
    {"name": "a repeated member", "replies": MALFORMED, "request": {**post(None), "text":
        json.dumps(event(encrypted)).replace('"type":', '"type": "x", "type":', 1)}},
    {"name": "nested too deeply", "replies": MALFORMED, "request": {**post(None), "text":
        '{"type":' + "[" * 100 + "]" * 100 + "}"}},
]
for case in cases:
    if "text" in case["request"]:
        del case["request"]["json"]
other_event = event(encrypted)
other_event["type"] = "microsoft.graph.authenticationEvent.tokenIssuanceStart"
cases.append(malformed("another event", other_event))
no_names = event(sealed(compact(password(username=None))), authenticationContext={"user": {"id": "x"}})
cases.append(malformed("no name anywhere", no_names))
write("requests", "decrypt.pem", "jwks.json", cases, "The health check, and requests that ask nothing.")

# --- tampering with what is encrypted


def changed(part, at=0, token_=None):
    """One byte of a part is another one."""
    parts = (token_ or encrypted).split(".")
    data = bytearray(unb64(parts[part]))
    data[at] ^= 1
    parts[part] = b64(bytes(data))
    return ".".join(parts)


def part(number, text, token_=None):
    parts = (token_ or encrypted).split(".")
    parts[number] = text
    return ".".join(parts)


gcm = sealed(compact(password()), "RSA-OAEP-256", "A256GCM")
other = sealed(compact(password(nonce="another-nonce", **{"user-password": "another"})))
other_gcm = sealed(compact(password(nonce="another-nonce")), "RSA-OAEP-256", "A256GCM")
zeros = part(1, b64(b"\0" * 256))
large = part(1, b64(b"\xff" * 256))
spelled = encrypted.split(".")
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
last = spelled[4][-1]
spelled = part(4, spelled[4][:-1] + alphabet[alphabet.index(last) ^ 1])
cases = []
for name, token_ in [("CBC", encrypted), ("GCM", gcm)]:
    sizes = [len(unb64(text)) for text in token_.split(".")]
    for number, what in enumerate(["header", "key", "initialisation vector", "text", "tag"]):
        for at in {0, sizes[number] // 2, sizes[number] - 1}:
            cases.append(broken(f"{name}: byte {at} of the {what}", changed(number, at, token_)))
        cases.append(broken(f"{name}: no {what}", part(number, "", token_)))
        cases.append(broken(f"{name}: a shorter {what}", part(number, b64(unb64(token_.split(".")[number])[:-1]), token_)))
        cases.append(broken(f"{name}: a longer {what}", part(number, b64(unb64(token_.split(".")[number]) + b"\0"), token_)))
        if number:
            other_ = (other if name == "CBC" else other_gcm).split(".")[number]
            cases.append(broken(f"{name}: the {what} of another call", part(number, other_, token_)))
cases += [
    broken("a key of zeros", zeros),
    broken("a key larger than the modulus", large),
    broken("another spelling of the tag", spelled),
    broken("padding in Base64", encrypted + "="),
    broken("four parts", encrypted.rsplit(".", 1)[0]),
    broken("six parts", encrypted + ".AA"),
    broken("nothing", ""),
    broken("the password in the clear", nested(password()).decode()),
    broken("another header with the same meaning", part(0, b64(compact({"enc": "A128CBC-HS256", "alg": "RSA-OAEP"})))),
    broken("the older padding", sealed(compact(password()), "RSA1_5")),
    broken("another algorithm of the key", part(0, b64(compact({"alg": "RSA-OAEP-256", "enc": "A128CBC-HS256"})))),
    broken("no algorithm of the key", part(0, b64(compact({"enc": "A128CBC-HS256"})))),
    broken("an algorithm of the key that is none", part(0, b64(compact({"alg": "none", "enc": "A128CBC-HS256"})))),
    broken("an algorithm in small letters", part(0, b64(compact({"alg": "rsa-oaep", "enc": "A128CBC-HS256"})))),
    broken("an algorithm of the content that is not known", part(0, b64(compact({"alg": "RSA-OAEP", "enc": "A512GCM"})))),
    broken("direct encryption", part(1, "", part(0, b64(compact({"alg": "dir", "enc": "A256GCM"}))))),
    broken("for another key", sealed(compact(password()), pem=STRANGER)),
    broken("for the key of the issuer", sealed(compact(password()), pem=SIGNER)),
    broken("a content key that is too short", sealed_with(b"k" * 16, compact(password()),
                                                          {"alg": "RSA-OAEP", "enc": "A256GCM"})),
    broken("a header that must be understood", sealed_with(
        b"k" * 32, compact(password()), {"alg": "RSA-OAEP", "enc": "A256GCM", "crit": ["exp"], "exp": 1})),
    broken("another compression", sealed_with(
        b"k" * 32, compact(password()), {"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "GZ"})),
    broken("it says that it is compressed, and is not", sealed_with(
        b"k" * 32, compact(password()), {"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF"})),
    broken("it is compressed, and does not say so", sealed_with(
        b"k" * 32, zlib.compress(compact(password()))[2:-4], {"alg": "RSA-OAEP", "enc": "A256GCM"})),
    broken("eight million bytes, compressed", sealed_with(
        b"k" * 32, zlib.compress(compact(password(**{"user-password": "x" * 8_000_000})), 9)[2:-4],
        {"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF"})),
    asked("the same key chosen by us, for comparison", sealed_with(
        b"k" * 32, compact(password()), {"alg": "RSA-OAEP", "enc": "A256GCM"}), OUTCOMES[:1]),
]
inside = [
    ("no JSON", b"user-password=x"), ("an empty text", b""), ("a list", b"[]"), ("no claims", b"{}"),
    ("no password", compact(password(**{"user-password": None}))),
    ("no nonce", compact(password(nonce=None))),
    ("an empty nonce", compact(password(nonce=""))),
    ("a nonce that is too long", compact(password(nonce="n" * 257))),
    ("a nonce that is a number", compact(password(nonce=7))),
    ("a password that is a number", compact(password(**{"user-password": 7}))),
    ("two passwords", compact(password())[:-1] + b',"user-password":"another"}'),
    ("expired", compact(password(exp=NOW - 61))),
    ("expired, in a nested token", nested(password(exp=NOW - 3600))),
    ("not valid yet", compact(password(nbf=NOW + 61))),
    ("a time that is a text", compact(password(exp="never"))),
    ("a nested token that says it is signed", nested(password(), "HS256")),
    ("a nested token with a signature", nested(password(), "none", b"x")),
    ("a nested token in two parts", nested(password())[:-1]),
    ("not UTF-8", b'{"user-password":"\xff","username":"a","nonce":"n"}'),
    ("an encrypted token inside", encrypted.encode()),
]
cases += [broken(f"inside: {name}", sealed(content)) for name, content in inside]
write("tampering", "decrypt.pem", "jwks.json", cases, "Every part of what is encrypted, changed.")

# --- callers

secret = OctKey.import_key(json.loads((HERE / "jwks.json").read_text())["keys"][3])
hmac_by_secret = token("HS256", "secret", secret.as_dict()["k"], kind=type("K", (), {
    "import_key": staticmethod(lambda _: secret)}))
public_pem = RSAKey.import_key(SIGNER).as_pem(private=False)
hmac_head = compact({"alg": "HS256", "kid": "signer", "typ": "JWT"})
import hmac as mac  # noqa: E402
confused = f"{b64(hmac_head)}.{BODY}"
confused = confused + "." + b64(mac.new(public_pem, confused.encode(), "sha256").digest())
ec_head = {"alg": "ES256", "kid": "signer-ec", "typ": "JWT"}
stranger_token = token(pem=STRANGER)
cases = [
    {"name": "no token", "request": post(event(encrypted), None), "refuses": NOT_ADMITTED},
    {"name": "another scheme", "request": {**post(event(encrypted), None),
                                           "headers": {"authorization": "Basic dXNlcjpwYXNz"}}, "refuses": NOT_ADMITTED},
    refused("an empty token", ""),
    refused("another issuer", token(iss=f"https://login.microsoftonline.com/{TENANT}/v2.0")),
    refused("another tenant of the same provider", token(iss=ISSUER.replace(TENANT, "00000000-0000-4000-8000-000000000002"))),
    refused("an issuer with a slash at the end", token(iss=ISSUER + "/")),
    refused("no issuer", token(iss=None)),
    refused("another audience", token(aud="00000000-0000-4000-8000-000000000003")),
    refused("a list of other audiences", token(aud=["00000003-0000-0000-c000-000000000000", APP.upper()])),
    refused("an empty list of audiences", token(aud=[])),
    refused("no audience", token(aud=None)),
    refused("an audience that is a number", token(aud=7)),
    refused("another caller", token(azp="00000000-0000-4000-8000-000000000004")),
    refused("another caller, by the claim of version 1", token(azp=None, appid="00000000-0000-4000-8000-000000000004")),
    refused("two callers, one of them another", token(appid="00000000-0000-4000-8000-000000000004")),
    refused("no caller", token(azp=None)),
    refused("expired", token(exp=NOW - 60)),
    refused("expired long ago", token(exp=1)),
    refused("no time of expiry", token(exp=None)),
    refused("a time of expiry that is a text", token(exp=str(NOW + 3600))),
    refused("not valid yet", token(nbf=NOW + 61)),
    refused("unsecured", token("none")),
    refused("unsecured, with a signature", f"{b64(compact({'alg': 'none'}))}.{BODY}.{SIGNATURE}"),
    refused("unsecured, in another case", f"{b64(compact({'alg': 'None', 'kid': 'signer'}))}.{BODY}."),
    refused("no signature", f"{HEAD}.{BODY}."),
    refused("signed with a secret of the set", hmac_by_secret),
    refused("signed with the public key as a secret", confused),
    refused("signed by a stranger with the id of our key", stranger_token),
    refused("signed by a stranger with an id of no key", token(kid="stranger", pem=STRANGER)),
    refused("signed by a stranger without an id", token(kid=None, pem=STRANGER)),
    refused("signed by us, with an id of no key", token(kid="stranger")),
    refused("a key in the header", token(kid=None, pem=STRANGER, header={"jwk": public(STRANGER, "stranger")})),
    refused("an address of keys in the header", token(
        kid="stranger", pem=STRANGER, header={"jku": "https://attacker.example/keys"})),
    refused("a header that must be understood", signed_by_hand(
        {"alg": "RS256", "kid": "signer", "crit": ["exp"], "exp": NOW + 3600})),
    refused("the signature of another token", f"{HEAD}.{BODY}.{token(exp=NOW + 7200).split('.')[2]}"),
    refused("the claims of another token", f"{HEAD}.{b64(compact(claims(exp=NOW + 7200)))}.{SIGNATURE}"),
    refused("the header of another algorithm", f"{b64(compact({'alg': 'RS512', 'kid': 'signer'}))}.{BODY}.{SIGNATURE}"),
    refused("the key of another kind", f"{b64(compact(ec_head))}.{BODY}.{SIGNATURE}"),
    refused("an ECDSA signature of zeros", f"{b64(compact(ec_head))}.{BODY}.{b64(bytes(64))}"),
    refused("a key that is not for signatures", token(kid="not-for-signatures", pem=DECRYPT)),
    refused("two parts", f"{HEAD}.{BODY}"),
    refused("four parts", f"{VALID}.AA"),
    refused("claims that are a list", token(payload=b"[]")),
    refused("a repeated claim", token(payload=compact(claims())[:-1] + b',"aud":"x"}')),
    refused("claims that are no JSON", token(payload=b"aud=x")),
    refused("the encrypted password as a token", encrypted),
    refused("very long", "a" * 17000),
    asked("a little late, a little early", encrypted) | {
        "request": post(event(encrypted), token(exp=NOW - 59, nbf=NOW + 59))},
    asked("the scheme in small letters", encrypted) | {
        "request": {**post(event(encrypted), None), "headers": {"authorization": f"bearer {VALID}"}}},
    asked("repeated once, as after a lost answer", encrypted) | {"request": post(event(encrypted), again=True)},
    {"name": "recorded, and sent once more than that", "request": post(event(encrypted), times=2),
     "refuses": NOT_ADMITTED},
]
for at in (0, len(SIGNATURE) // 2, len(SIGNATURE) - 3):
    letter = "A" if SIGNATURE[at] != "A" else "B"
    cases.append(refused(f"letter {at} of the signature", f"{HEAD}.{BODY}.{SIGNATURE[:at]}{letter}{SIGNATURE[at + 1:]}"))
write("callers", "decrypt.pem", "jwks.json", cases, "Who may ask, and who may not.")
