"""Access to an account at a provider (OAuth 2.0): the code that the user brought back becomes tokens, and these are renewed and revoked.

Whether an access token still counts is decided by the provider's clock, so one that it refuses is renewed whatever ours says.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from focusflow.calendar_providers import CalendarProvider
from focusflow.outbound import OutboundClient, OutboundResponse
from ingestion.calendars.connection import Connection, SyncFailed
from ingestion.calendars.http import failure_of

#: An access token is renewed so long before it expires.
MARGIN = timedelta(minutes=1)

#: What a provider that does not say it gives a token for.
DEFAULT_SECONDS = 3600

#: What providers answer where the user, or time, has taken access away.
ENDED = frozenset(
    {"invalid_grant", "interaction_required", "consent_required", "login_required", "unauthorized_client"}
)


class Tokens:
    """The tokens of a connection. New ones are kept before they are used."""

    def __init__(
        self, connection: Connection, provider: CalendarProvider, client: OutboundClient, now: datetime
    ) -> None:
        self._connection, self._provider, self._client, self._now = connection, provider, client, now

    def access_token(self) -> str:
        kept = self._connection.credentials
        if "code" in kept:
            return self._exchange()
        expires_at = datetime.fromisoformat(kept["expires_at"])
        return str(kept["access_token"]) if expires_at - MARGIN > self._now else self.renew()

    def renew(self) -> str:
        """A new access token."""
        kept = self._connection.credentials
        answer = self._ask({"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]})
        return self._keep({"refresh_token": kept["refresh_token"]} | answer)

    def revoke(self) -> None:
        """Give access back, where the provider takes it. What it no longer knows is revoked."""
        token = self._connection.credentials.get("refresh_token")
        if token is None or self._provider.revoke_url is None:
            return
        answer = self._client.request("POST", self._provider.revoke_url, data={"token": token}, follow_redirects=False)
        if not answer.is_success and answer.status not in {400, 401, 403, 404}:
            raise failure_of(answer, self._provider.name)

    def _exchange(self) -> str:
        kept = self._connection.credentials
        answer = self._ask(
            {
                "grant_type": "authorization_code",
                "code": kept["code"],
                "code_verifier": kept["code_verifier"],
                "redirect_uri": self._provider.redirect_uri,
            }
        )
        if not isinstance(answer.get("refresh_token"), str):
            raise self._ended()
        return self._keep(answer)

    def _ask(self, form: Mapping[str, str]) -> dict[str, Any]:
        whole = {**form, "client_id": self._provider.client_id}
        if self._provider.client_secret is not None:
            whole["client_secret"] = self._provider.client_secret
        answer = self._client.request(
            "POST",
            self._provider.token_url,
            data=whole,
            headers={"Accept": "application/json"},
            follow_redirects=False,
        )
        found = json_of(answer)
        if answer.status in {400, 401} and found.get("error") in ENDED:
            raise self._ended()
        if not answer.is_success or not isinstance(found.get("access_token"), str):
            raise failure_of(answer, self._provider.name)
        return found

    def _keep(self, answer: Mapping[str, Any]) -> str:
        seconds = str(answer.get("expires_in"))
        lifetime = int(seconds) if seconds.isdigit() else DEFAULT_SECONDS
        self._connection.keep_credentials(
            {
                "access_token": answer["access_token"],
                "refresh_token": answer["refresh_token"],
                "expires_at": (self._now + timedelta(seconds=lifetime)).isoformat(),
            }
        )
        return str(answer["access_token"])

    def _ended(self) -> SyncFailed:
        return SyncFailed(f"{self._provider.name} does not permit access any longer. Connect it again.", answered=401)


def json_of(answer: OutboundResponse) -> dict[str, Any]:
    """The object that an answer holds; an empty one if it holds none."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
