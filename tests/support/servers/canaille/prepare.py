"""Makes the settings, the tables and the clients of a canaille in the current folder."""

import sys

import tomlkit
from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey

port, writer, writer_secret, shop, shop_secret = sys.argv[1:]
site = f"http://localhost:{port}"
settings = {
    "SECRET_KEY": "a secret of the tests",
    "SERVER_NAME": f"localhost:{port}",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "sql"},
    "CANAILLE_SQL": {"DATABASE_URI": "sqlite:///canaille.db"},
    # clients of a trusted domain need no consent
    "CANAILLE_OIDC": {
        "ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)],
        "TRUSTED_DOMAINS": ["localhost"],
    },
    "CANAILLE_SCIM": {"ENABLE_SERVER": True},
}
with open("canaille.toml", "w", encoding="utf-8") as file:
    tomlkit.dump(settings, file)

clients = [
    {"client_id": writer, "client_secret": writer_secret, "grant_types": ["client_credentials"]},
    {
        "client_id": shop,
        "client_secret": shop_secret,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": [f"{site}/landed"],
        "scope": ["openid", "profile", "email"],
    },
]
app = create_app(settings, init_backend=True)
with app.app_context():
    for values in clients:
        client = models.Client(
            client_name=values["client_id"],
            client_uri=site,
            token_endpoint_auth_method="client_secret_basic",
            **values,
        )
        client.audience = [client]
        Backend.instance.save(client)
