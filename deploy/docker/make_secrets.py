"""Writes .env with random secrets for docker-compose.yml, readable by its owner only; an existing one stays as it is.

`make secrets` runs it with any Python 3.11; standard library only.
"""

import hashlib
import os
import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

TEMPLATE = """\
# Made by `make secrets`. Keep a copy in a safe place: without KAWAL_VAULT_KEY recordings cannot be opened again, and
# KAWAL_CASE_NUMBER_KEY and KAWAL_POSTGRES_PASSWORD must stay what they were at the first start.
KAWAL_POSTGRES_PASSWORD={postgres_password}
KAWAL_VAULT_KEY={vault_key}
KAWAL_CASE_NUMBER_KEY={case_number_key}
KAWAL_SERVICE_TOKEN={service_token}
KAWAL_CHAT_SESSION_KEY={chat_session_key}
KAWAL_LINK_KEY={link_key}
# The host site signs its participants' identity tokens with this one.
KAWAL_HOST_JWT_KEY={host_jwt_key}
# For scripts: the REST API takes the token, the services know only its hash.
KAWAL_API_TOKEN={api_token}
KAWAL_API_TOKEN_HASH={api_token_hash}
# Who can sign in to the console (http://localhost:8104/console/). `docker compose run --rm prepare` sets it again.
KAWAL_AGENT_EMAIL=agent@kawal.example
KAWAL_AGENT_PASSWORD={agent_password}
# Random, which is right for the emulated telephone provider; put in what the real one has given you.
KAWAL_TWILIO_ACCOUNT_SID={twilio_account_sid}
KAWAL_TWILIO_AUTH_TOKEN={twilio_auth_token}

# Yours to fill in (deploy/docker/try.env has values for trying it):
#KAWAL_TWILIO_NUMBER=+62…
#KAWAL_SMTP_URL=smtps://user:password@mail.example:465
#KAWAL_MAIL_FROM=Layanan <layanan@example.org>
#KAWAL_WEB_PUBLIC_URL=https://…
#KAWAL_CHAT_PUBLIC_URL=https://…
#KAWAL_VOICE_PUBLIC_URL=https://…
#KAWAL_CHAT_ALLOWED_ORIGINS=https://…,https://…
#KAWAL_TRUSTED_PROXIES=172.16.0.0/12
"""


def environment() -> str:
    """A new file's text; each call makes other secrets."""
    names = ("postgres_password", "case_number_key", "service_token", "chat_session_key", "link_key", "host_jwt_key")
    api_token = secrets.token_urlsafe(32)
    return TEMPLATE.format(
        **{name: secrets.token_urlsafe(32) for name in names},
        vault_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        api_token=api_token,
        api_token_hash=hashlib.sha256(api_token.encode()).hexdigest(),
        agent_password=secrets.token_urlsafe(12),
        twilio_account_sid="AC" + secrets.token_hex(16),
        twilio_auth_token=secrets.token_hex(16),
    )


def write(path: Path) -> bool:
    """Create `path` with mode 600. False, and nothing is touched, when it is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(environment())
    return True


if __name__ == "__main__":
    target = Path(sys.argv[1])
    made = write(target)
    sys.stdout.write(f"{target} has new secrets\n" if made else f"{target} is there already, and stays as it is\n")
