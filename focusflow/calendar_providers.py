"""Google Calendar and Microsoft 365, as far as an operator has registered this installation there (OAuth 2.0 with PKCE, RFC 7636)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from focusflow.settings import Settings, is_loopback

ProviderKind = Literal["google", "outlook"]
KINDS: tuple[ProviderKind, ...] = get_args(ProviderKind)

#: The purpose for which an authorization that has begun is encrypted.
AUTHORIZATION = "calendar authorization"

#: Where providers send the browser back to, below the dashboard.
CALLBACK = "/connect-calendar/callback"


@dataclass(frozen=True, slots=True)
class CalendarProvider:
    """Where a provider is reached, and what this installation is called there."""

    kind: ProviderKind
    name: str
    client_id: str
    client_secret: str | None
    authorize_url: str
    token_url: str
    revoke_url: str | None
    api_url: str
    scope: str
    redirect_uri: str
    extra: Mapping[str, str]
    #: Where the provider can say that something changed; None where it does not reach this installation.
    push_url: str | None

    def authorization_url(self, state: str, code_verifier: str) -> str:
        """Where the user permits access."""
        challenge = hashlib.sha256(code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
            **self.extra,
        }
        return f"{self.authorize_url}?{urlencode(query)}"


def provider_of(settings: Settings, kind: str) -> CalendarProvider | None:
    """The provider; None if the operator has not registered this installation there."""
    redirect_uri = f"{settings.dashboard_address}{CALLBACK}"
    if kind == "google" and settings.google_client_id:
        return CalendarProvider(
            "google",
            "Google Calendar",
            settings.google_client_id,
            settings.google_client_secret.get_secret_value() if settings.google_client_secret else None,
            f"{_base(settings.google_accounts_url)}/o/oauth2/v2/auth",
            f"{_base(settings.google_token_url)}/token",
            f"{_base(settings.google_token_url)}/revoke",
            _base(settings.google_calendar_url),
            "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.readonly",
            redirect_uri,
            # Without these, Google gives no refresh token, or only the first time.
            {"access_type": "offline", "prompt": "consent"},
            _push_url(settings),
        )
    if kind == "outlook" and settings.microsoft_client_id:
        login = f"{_base(settings.microsoft_login_url)}/oauth2/v2.0"
        return CalendarProvider(
            "outlook",
            "Microsoft 365",
            settings.microsoft_client_id,
            settings.microsoft_client_secret.get_secret_value() if settings.microsoft_client_secret else None,
            f"{login}/authorize",
            f"{login}/token",
            None,
            _base(settings.microsoft_graph_url),
            "offline_access Calendars.ReadWrite",
            redirect_uri,
            {"prompt": "select_account"},
            _push_url(settings),
        )
    return None


def configured_providers(settings: Settings) -> list[CalendarProvider]:
    """Those that users can connect."""
    return [found for kind in KINDS if (found := provider_of(settings, kind)) is not None]


def push_secret(key: str, connection_id: UUID) -> str:
    """What a provider has to bring when it says that a calendar of a connection changed."""
    return hmac.new(key.encode(), b"focusflow calendar push" + connection_id.bytes, hashlib.sha256).hexdigest()


def _push_url(settings: Settings) -> str | None:
    """Providers call HTTPS addresses only."""
    address = settings.public_api_address
    is_reachable = address.startswith("https://") or is_loopback(urlsplit(settings.public_api_url or "").hostname or "")
    return f"{address}/api/v1/calendar/push" if is_reachable else None


def _base(url: str) -> str:
    return url.rstrip("/")
