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
from focusflow.key_ring import KeyRing, key_id

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
    provider_session: str | None = None  # of a ticket: with which session at the provider what it opens will end

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
        **({} if access.provider_session is None else {"provider_session": access.provider_session}),
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id(key)})


@lru_cache(10_000)  # checking what kind of key it is and the signature costs a small request a tenth of its time
def read_access_token(keys: KeyRing, token: str) -> Access:
    """What a token says if its signature is right. That it has not expired is not looked at: this machine's clock may be off."""
    return _read(keys, token, AUDIENCE)


def read_ticket(keys: KeyRing, token: str) -> Access:
    return _read(keys, token, TICKET_AUDIENCE)


def _read(keys: KeyRing, token: str, audience: str) -> Access:
    """A token of an older key ends with that key, whatever it says itself: whoever has that key could write a later end."""
    try:
        found = keys.with_id(str(jwt.get_unverified_header(token).get("kid")))
        if found is None:
            raise NotSignedIn
        key, until = found
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
        expires_at = min(expires_at, until) if until else expires_at
        return Access(UUID(claims["sub"]), int(claims["epoch"]), family, expires_at, claims.get("provider_session"))
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
