"""Who is signed in. The browser holds an opaque id in a cookie that scripts cannot read; the tokens stay here."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field

from dashboard.api_client import Client, Json, Tokens
from focusflow.errors import NotSignedIn

COOKIE = "focusflow_session"
RENEW_BEFORE_SECONDS = 60
IDLE_SECONDS = 12 * 3600


@dataclass(slots=True)
class Session:
    """A person's sign-in, as the API knows it."""

    user_id: str
    display_name: str
    timezone: str
    role: str
    week_start: int
    tokens: Tokens
    renew_at: float
    seen_at: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, me: Json) -> None:
        """Take in how the account stands now."""
        self.display_name, self.timezone, self.week_start = me["display_name"], me["timezone"], me["week_start"]

    @property
    def is_analyst(self) -> bool:
        """Whether they may see figures about all people together."""
        return self.role in ("analyst", "admin")


class SessionStore:
    """The sessions of this process. They end with it: people sign in again after a restart, and no token is ever on disk."""

    def __init__(self, api_address: str) -> None:
        self.api_address = api_address
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def sign_in(self, email: str, password: str, address: str | None = None) -> str:
        """The id for the cookie of a new session, begun from an address."""
        with Client(self.api_address, on_behalf_of=address) as client:
            tokens, now = client.login(email, password), time.monotonic()
            me = client.me()
        session = Session(
            me["id"],
            me["display_name"],
            me["timezone"],
            me["role"],
            me["week_start"],
            tokens,
            now + tokens.expires_in - RENEW_BEFORE_SECONDS,
            now,
        )
        session_id = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_idle(now)
            self._sessions[_key(session_id)] = session
        return session_id

    def find(self, session_id: str | None) -> Session | None:
        """The session behind a cookie; None when there is none any more."""
        with self._lock:
            session = self._sessions.get(_key(session_id or ""))
            if session is not None:
                session.seen_at = time.monotonic()
            return session

    def client(self, session: Session) -> Client:
        """A client that acts as the person. The access token is renewed shortly before it expires."""
        with session.lock:
            if time.monotonic() >= session.renew_at:
                try:
                    with Client(self.api_address) as client:
                        session.tokens = client.refresh(session.tokens.refresh)
                except NotSignedIn:
                    self._forget(session)
                    raise
                session.renew_at = time.monotonic() + session.tokens.expires_in - RENEW_BEFORE_SECONDS
            return Client(self.api_address, session.tokens.access)

    def change_password(self, session: Session, password: str, new_password: str, *, revoke_keys: bool) -> None:
        """Every other sign-in ends; this session goes on with the tokens it is given."""
        with self.client(session) as client:
            tokens = client.change_password(password, new_password, revoke_keys=revoke_keys)
        with session.lock:
            session.tokens = tokens
            session.renew_at = time.monotonic() + tokens.expires_in - RENEW_BEFORE_SECONDS

    def sign_out(self, session_id: str | None) -> None:
        """End the session here and its tokens at the API."""
        with self._lock:
            session = self._sessions.pop(_key(session_id or ""), None)
        if session is not None:
            with self.client(session) as client:
                client.logout()

    def _forget(self, session: Session) -> None:
        with self._lock:
            self._sessions = {key: each for key, each in self._sessions.items() if each is not session}

    def _drop_idle(self, now: float) -> None:
        self._sessions = {key: each for key, each in self._sessions.items() if now - each.seen_at < IDLE_SECONDS}


def _key(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
