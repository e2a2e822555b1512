"""Access tokens (JWT, minutes) and refresh tokens (random, used once, kept as hashes)."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt

from focusflow.errors import NotSignedIn
from focusflow.identity import new_id

ISSUER = "focusflow"
AUDIENCE = "focusflow-api"
TICKET_AUDIENCE = "focusflow-code"
TICKET_LIFETIME = timedelta(minutes=5)
#: A caller whose token expires while the request is on its way is not turned away.
LEEWAY = timedelta(seconds=30)

CLAIMS = ["exp", "iat", "jti", "aud", "iss", "sub"]


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says: whose it is, and of which epoch. A new epoch makes all older tokens void."""

    user_id: UUID
    epoch: int
    family: UUID | None
    expires_at: datetime | None = None  # None until it is issued

    def is_expired(self, now: datetime) -> bool:
        """By the database's clock, which issued it: each machine of the API may have another."""
        return self.expires_at is not None and self.expires_at + LEEWAY <= now


def access_token(key: str, access: Access, *, now: datetime, minutes: int) -> str:
    return _signed(key, access, AUDIENCE, now, timedelta(minutes=minutes))


def ticket(key: str, access: Access, *, now: datetime) -> str:
    """What a sign-in gives whose password was right, and whose code is still to come. It opens nothing by itself."""
    return _signed(key, access, TICKET_AUDIENCE, now, TICKET_LIFETIME)


def _signed(key: str, access: Access, audience: str, now: datetime, lifetime: timedelta) -> str:
    claims = {
        "sub": str(access.user_id),
        "epoch": access.epoch,
        "family": str(access.family) if access.family else None,
        "iat": now,
        "exp": now + lifetime,
        "jti": str(new_id()),
        "iss": ISSUER,
        "aud": audience,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id(key)})


@lru_cache(10)
def key_id(key: str) -> str:
    """Which key signed a token. A hash: the header of a token can be read by anybody."""
    return hashlib.sha256(b"key id " + key.encode()).hexdigest()[:16]


@lru_cache(10_000)  # checking what kind of key it is and the signature costs a small request a tenth of its time
def read_access_token(key: str, token: str) -> Access:
    """What a token says if its signature is right. That it has not expired is not looked at: this machine's clock may be off."""
    return _read(key, token, AUDIENCE)


def read_ticket(key: str, token: str) -> Access:
    return _read(key, token, TICKET_AUDIENCE)


def _read(key: str, token: str, audience: str) -> Access:
    try:
        if jwt.get_unverified_header(token).get("kid") != key_id(key):
            raise NotSignedIn
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=audience,
            issuer=ISSUER,
            options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        family = UUID(claims["family"]) if claims.get("family") else None
        expires_at = datetime.fromtimestamp(float(claims["exp"]), UTC)
        return Access(UUID(claims["sub"]), int(claims["epoch"]), family, expires_at)
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, OverflowError, OSError) as error:
        raise NotSignedIn from error


def refresh_token() -> str:
    return secrets.token_urlsafe(32)


def successor(key: str, used: str) -> str:
    """The refresh token that follows on a used one. It is derived, so that it can be told again without being stored."""
    follows = hmac.digest(key.encode(), b"refresh " + used.encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(follows).decode().rstrip("=")


def digest(token: str) -> str:
    """What is stored of a random token. It is long enough that a plain hash cannot be guessed backwards."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
