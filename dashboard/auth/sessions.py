"""Who is signed in. The API keeps the sessions in the database: they survive a restart, and end at once for every process of the dashboard."""

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from dashboard.api_client import Client, Json
from focusflow.errors import NotSignedIn, Unavailable

COOKIE = "focusflow_session"
#: Under HTTPS: browsers take it from this very host only, never from another one of the domain or by plain HTTP.
SECURE_COOKIE = f"__Host-{COOKIE}"

#: What can be a session's secret, and stand in a header.
SHAPE = re.compile(r"[\w-]{1,200}", re.ASCII)

#: For so long an answer of the API about a session counts: one run of a page asks once.
FRESH_SECONDS = 1.0

#: For so long a session that was valid goes on while the API cannot be asked. Pages from the lake stay readable, as while it restarts.
OUTAGE_SECONDS = 600.0

#: How often a session is told to be in use.
SEEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """A user's sign-in and account, as the API knew them a moment ago."""

    token: str
    user_id: str
    display_name: str
    timezone: str
    role: str
    week_start: int
    locale: str = "en"
    erasure_due_at: str | None = None
    lacks_second_factor: bool = False

    @classmethod
    def of(cls, token: str, me: Json) -> Self:
        return cls(
            token,
            me["id"],
            me["display_name"],
            me["timezone"],
            me["role"],
            me["week_start"],
            me["locale"],
            me["erasure_due_at"],
            me["lacks_second_factor"],
        )

    @property
    def is_analyst(self) -> bool:
        """Whether they may see figures about all users together."""
        return self.role in ("analyst", "admin")


@dataclass(slots=True)
class _Known:
    session: Session
    checked_at: float
    seen_at: float


class SessionStore:
    """The sessions behind the cookies. The cookie is the secret of a session; nothing of it is kept here for longer than it is used."""

    def __init__(self, api_address: str, signing_key: Callable[[], str] = str, *, is_https: bool = False) -> None:
        """With the key of the installation, attempts to sign in count for the address of the browser."""
        self.cookie = SECURE_COOKIE if is_https else COOKIE
        self.api_address, self._signing_key = api_address, signing_key
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def on_behalf_of(self, address: str | None) -> Client:
        """A client for a browser that is not signed in."""
        return Client(self.api_address, on_behalf_of=address, signing_key=self._signing_key())

    def sign_in(self, email: str, password: str, address: str | None = None) -> str:
        """The value of the cookie for a new session, begun from an address."""
        with self.on_behalf_of(address) as client:
            return client.begin_session(email, password)

    def sign_in_with_code(self, ticket: str, code: str, address: str | None) -> str:
        """The value of the cookie, where the password was right and a code was needed."""
        with self.on_behalf_of(address) as client:
            return client.begin_session_with_code(ticket, code)

    def begin_single_sign_on(self, address: str | None, *, is_confirmation: bool = False) -> Json:
        """Where to send a browser that signs in with the provider, and the secret that must come back with the answer."""
        with self.on_behalf_of(address) as client:
            return client.begin_single_sign_on(is_confirmation=is_confirmation)

    def finish_single_sign_on(self, secret: str, state: str, code: str, address: str | None) -> str:
        """The value of the cookie for a new session."""
        with self.on_behalf_of(address) as client:
            return client.finish_single_sign_on(secret, state, code)

    def end_provider_sessions(self, logout_token: str, address: str | None) -> None:
        """The provider says that a session there has ended."""
        with self.on_behalf_of(address) as client:
            client.end_provider_sessions(logout_token)
        with self._lock:
            self._known.clear()

    def provider_sign_out_url(self) -> str | None:
        with Client(self.api_address) as client:
            return client.provider_sign_out_url()

    def find(self, cookie: str | None, within: float = FRESH_SECONDS) -> Session | None:
        """The session behind a cookie, if it was valid `within` the last seconds; None when there is none any more."""
        if not cookie or not SHAPE.fullmatch(cookie):
            return None
        now = time.monotonic()
        with self._lock:
            known = self._known.get(_key(cookie))
        if known and now - known.checked_at < within:
            return known.session
        try:
            with Client(self.api_address, cookie) as client:
                session = Session.of(cookie, client.me())
        except NotSignedIn:
            self.forget(cookie)
            return None
        except Unavailable:
            if known and now - known.checked_at < OUTAGE_SECONDS:
                return known.session
            raise
        self._remember(session, now)
        return session

    def seen(self, session: Session) -> None:
        """The user did something: the session does not end as idle."""
        now = time.monotonic()
        with self._lock:
            known = self._known.get(_key(session.token))
            if known and now - known.seen_at < SEEN_SECONDS:
                return
            if known:
                known.seen_at = now
        with self.client(session) as client:
            client.keep_session()

    def client(self, session: Session) -> Client:
        """A client that acts as the user."""
        return Client(self.api_address, session.token)

    def change_password(self, session: Session, password: str, new_password: str, *, revoke_keys: bool) -> None:
        """Every other sign-in ends; this session goes on."""
        with self.client(session) as client:
            client.change_password(password, new_password, revoke_keys=revoke_keys)

    def sign_out(self, cookie: str | None) -> None:
        """End the session."""
        if cookie and SHAPE.fullmatch(cookie):
            self.forget(cookie)
            with Client(self.api_address, cookie) as client:
                client.logout()

    def _remember(self, session: Session, now: float) -> None:
        with self._lock:
            known = self._known.get(_key(session.token))
            seen_at = known.seen_at if known else float("-inf")
            self._known = {key: each for key, each in self._known.items() if now - each.checked_at < OUTAGE_SECONDS}
            self._known[_key(session.token)] = _Known(session, now, seen_at)

    def forget(self, cookie: str) -> None:
        """Ask the API about a session the next time that it is needed."""
        with self._lock:
            self._known.pop(_key(cookie), None)


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
