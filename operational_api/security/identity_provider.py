"""An OpenID Connect provider: where it sends a browser, and which of its answers are believed. What they mean for accounts is not here."""

import base64
import hashlib
import logging
import math
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import jwt
from pydantic import BaseModel, Field, ValidationError

from focusflow.errors import NotFound, NotSignedIn, Unavailable
from focusflow.settings import Settings, is_loopback

log = logging.getLogger(__name__)

#: With a key pair only: a secret that both sides know would let the client sign, and `none` everybody.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]

#: The event of a message that a session has ended, and for how long such a message counts.
SIGN_OUT = "http://schemas.openid.net/event/backchannel-logout"
SIGN_OUT_SECONDS = timedelta(minutes=2)

#: How far the clocks of the provider and the database may differ.
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 5
#: A provider that hangs holds this many threads of the API, and no more.
CALLS_AT_ONCE = 4
CONFIGURATION_SECONDS = 3600
#: A token with an unknown key has the keys read again, but not more often: anybody can invent a key id.
KEYS_SECONDS = 60


class NoProvider(NotFound):
    """This installation has no provider to sign in with."""


class ProviderUnavailable(Unavailable):
    """The sign-in provider does not answer. Try again shortly, or sign in with your password."""


#: A sign-in that confirms who the user is may be so old.
CONFIRMATION_MAX_AGE = timedelta(minutes=1)
#: Of a user who does not say when they signed in at the provider.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class SignInRefused(NotSignedIn):
    """The answer of the sign-in provider could not be accepted. Start again from the sign-in page."""


class NotSignedInAgain(SignInRefused):
    """Your sign-in provider did not say that you have just signed in there. Set a password by a link in an email, and confirm with that."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What ties an answer of the provider to the browser that was sent there. Where the sign-in confirms who the user is, they must have
    signed in there after a moment.
    """

    state: str
    nonce: str
    code_verifier: str
    authenticated_after: datetime | None = None

    @classmethod
    def new(cls, authenticated_after: datetime | None = None) -> Self:
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), authenticated_after)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as the provider knows them."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool
    groups: frozenset[str]
    authenticated_at: datetime
    #: The id of the session there; empty where it has none.
    session: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndedProviderSession:
    """A message of the provider that a session there has ended, or all sessions of a user."""

    issuer: str
    subject: str | None
    session: str | None
    token_id: str
    is_old_after: datetime


class Configuration(BaseModel):
    """What the provider publishes about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = Field(default=["client_secret_basic"])


class IdentityProvider:
    """The provider that the settings name. Its configuration and keys are kept for a while."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redirect_uri = f"{settings.dashboard_address}/signin/oidc/callback"
        self._calls = threading.BoundedSemaphore(CALLS_AT_ONCE)
        self._configuration: tuple[float, Configuration] | None = None
        self._keys: tuple[float, dict[str | None, jwt.PyJWK]] = (float("-inf"), {})

    def authorization_url(self, attempt: SignInAttempt) -> str:
        """Where the browser signs in."""
        challenge = hashlib.sha256(attempt.code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.oidc_scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if attempt.authenticated_after is not None:
            query["max_age"] = str(int(CONFIRMATION_MAX_AGE.total_seconds()))
        return _with_query(self._configured().authorization_endpoint, query)

    def sign_out_url(self) -> str | None:
        """Where the browser signs out of the provider too, if it has such a page."""
        page = self._configured().end_session_endpoint
        back = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self._settings.dashboard_address}/signin",
        }
        return _with_query(page, back) if page else None

    def identity(self, code: str, attempt: SignInAttempt, now: datetime) -> Identity:
        """Exchange the code that a browser brought back. Raises if any part of the answer is not what was asked for."""
        answer = self._exchange(code, attempt)
        claims = self._verified(answer.get("id_token"), attempt, now)
        authenticated_at = _authenticated_at(claims, now)
        leeway = timedelta(seconds=LEEWAY_SECONDS)
        if attempt.authenticated_after is not None and authenticated_at + leeway < attempt.authenticated_after:
            raise NotSignedInAgain
        wanted = ["email", *([self._settings.oidc_groups_claim] if self._settings.oidc_roles else [])]
        if any(_claim(claims, name) is None for name in wanted):
            claims = self._userinfo(answer.get("access_token"), claims["sub"]) | claims
        email = claims.get("email")
        is_verified = claims.get("email_verified") in (True, "true") or self._settings.oidc_trust_email
        return Identity(
            claims["iss"],
            claims["sub"],
            email if isinstance(email, str) else None,
            is_verified,
            _texts(_claim(claims, self._settings.oidc_groups_claim)),
            authenticated_at,
            _name(claims.get("sid")) or "",
            claims,
        )

    def signed_out(self, token: str, now: datetime) -> EndedProviderSession:
        """What a message about the end of a session says (OpenID Connect Back-Channel Logout). Raises if it is no such message of the provider."""
        claims = self._claims(token, ["iss", "aud", "iat", "jti", "events"], now)
        is_old_after = datetime.fromtimestamp(float(claims["iat"]), UTC) + SIGN_OUT_SECONDS
        subject, session, token_id = (_name(claims.get(name)) for name in ("sub", "sid", "jti"))
        is_about = subject is not None or session is not None
        events = claims["events"]
        is_sign_out = isinstance(events, dict) and isinstance(events.get(SIGN_OUT), dict) and "nonce" not in claims
        if not (is_sign_out and is_about and token_id and now <= is_old_after):
            raise SignInRefused
        return EndedProviderSession(claims["iss"], subject, session, token_id, is_old_after)

    def _configured(self) -> Configuration:
        issuer = self._settings.oidc_issuer
        if issuer is None:
            raise NoProvider
        if self._configuration is None or time.monotonic() - self._configuration[0] > CONFIGURATION_SECONDS:
            found = self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                configuration = Configuration.model_validate(found)
            except ValidationError as error:
                log.exception("the configuration of the sign-in provider cannot be read")
                raise ProviderUnavailable from error
            self._check(configuration)
            self._configuration = time.monotonic(), configuration
        return self._configuration[1]

    def _check(self, configuration: Configuration) -> None:
        if configuration.issuer != self._settings.oidc_issuer:
            log.error("the sign-in provider calls itself %r, not FOCUSFLOW_OIDC_ISSUER", configuration.issuer)
            raise ProviderUnavailable
        urls = [configuration.authorization_endpoint, configuration.token_endpoint, configuration.jwks_uri]
        for url in [*urls, configuration.userinfo_endpoint, configuration.end_session_endpoint]:
            if url and urlsplit(url).scheme != "https" and not is_loopback(urlsplit(url).hostname or ""):
                log.error("the sign-in provider has an address without TLS: %r", url)
                raise ProviderUnavailable

    def _exchange(self, code: str, attempt: SignInAttempt) -> dict[str, Any]:
        configuration, client_id = self._configured(), str(self._settings.oidc_client_id)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.code_verifier,
        }
        headers = {}
        if self._settings.oidc_client_secret is None:
            form["client_id"] = client_id
        elif "client_secret_basic" in configuration.token_endpoint_auth_methods_supported:
            secret = self._settings.oidc_client_secret.get_secret_value()
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client_id, "client_secret": self._settings.oidc_client_secret.get_secret_value()}
        return self._json("POST", configuration.token_endpoint, data=form, headers=headers)

    def _verified(self, token: Any, attempt: SignInAttempt, now: datetime) -> dict[str, Any]:
        claims = self._claims(token, REQUIRED, now)
        is_answer = secrets.compare_digest(str(claims.get("nonce")).encode(), attempt.nonce.encode())
        if not (is_answer and _name(claims["sub"])):
            raise SignInRefused
        return claims

    def _claims(self, token: Any, required: list[str], now: datetime) -> dict[str, Any]:
        """The claims of a token that the provider signed for this client, and that is current."""
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._key(header.get("kid")),
                algorithms=ALGORITHMS,
                audience=self._settings.oidc_client_id,
                issuer=self._settings.oidc_issuer,
                options={"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            issued_at = float(claims["iat"])
            expires_at = float(claims.get("exp", math.inf))
        except (jwt.InvalidTokenError, jwt.PyJWKError, ValueError, TypeError) as error:
            raise SignInRefused from error
        client_id, moment = self._settings.oidc_client_id, now.timestamp()
        is_ours = claims.get("azp", client_id) == client_id and (
            isinstance(claims["aud"], str) or len(claims["aud"]) == 1 or "azp" in claims
        )
        is_current = expires_at + LEEWAY_SECONDS > moment and issued_at - LEEWAY_SECONDS <= moment
        if not (is_ours and is_current):
            raise SignInRefused
        return claims

    def _key(self, key_id: str | None) -> jwt.PyJWK:
        if key_id not in self._keys[1] and time.monotonic() - self._keys[0] > KEYS_SECONDS:
            found = jwt.PyJWKSet.from_dict(self._json("GET", self._configured().jwks_uri)).keys
            keys = {key.key_id: key for key in found if key.public_key_use in (None, "sig")}
            self._keys = time.monotonic(), keys | ({None: found[0]} if len(found) == 1 else {})
        key = self._keys[1].get(key_id)
        if key is None or key.algorithm_name not in ALGORITHMS:
            raise SignInRefused
        return key

    def _userinfo(self, access_token: Any, subject: str) -> dict[str, Any]:
        url = self._configured().userinfo_endpoint
        if url is None or not isinstance(access_token, str):
            return {}
        found = self._json("GET", url, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise SignInRefused
        return found

    def _json(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        with self._turn():
            try:
                with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
                    answer = client.request(method, url, **request)
                found = answer.json() if answer.is_success else None
            except (httpx2.HTTPError, ValueError) as error:
                log.warning("the sign-in provider does not answer under %s: %s", url, error)
                raise ProviderUnavailable from error
        if answer.status_code in (400, 401, 403):
            log.warning("the sign-in provider refused a request to %s with %d", url, answer.status_code)
            raise SignInRefused
        if not isinstance(found, dict):
            log.warning("the sign-in provider answered %d under %s", answer.status_code, url)
            raise ProviderUnavailable
        return found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._calls.acquire(timeout=TIMEOUT_SECONDS):
            raise ProviderUnavailable
        try:
            yield
        finally:
            self._calls.release()


def _authenticated_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When the user signed in at the provider. A moment in the future is none."""
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= now.timestamp() + LEEWAY_SECONDS:
        return NEVER
    return min(datetime.fromtimestamp(at, UTC), now)


def _name(value: Any) -> str | None:
    """The name of a user, session or token, as OpenID Connect limits it."""
    return value if isinstance(value, str) and 0 < len(value) <= 255 and "\0" not in value else None


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by its path: names may be URLs with dots.

    >>> _claim({"realm_access": {"roles": ["staff"]}}, "realm_access.roles"), _claim({"https://a.b/groups": 1}, "https://a.b/groups")
    (['staff'], 1)
    """
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> frozenset[str]:
    return frozenset(each for each in ([value] if isinstance(value, str) else value or ()) if isinstance(each, str))
