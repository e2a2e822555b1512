"""Attempts are counted before anything is hashed, in the database, so that all processes of the API count together.

Nobody is locked out for good: after the free attempts one waits twice as long each time, up to a minute.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.email_address import normalized
from focusflow.errors import Problem
from operational_api.security.tokens import digest

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

LONGEST_WAIT_SECONDS = 60
FORGET = timedelta(minutes=15)


class TooManyAttempts(Problem):
    """Too many attempts. Wait a little, then try again."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that may be tried `free` times at once by whoever `key` names."""

    key: str
    free: int

    @property
    def stored(self) -> str:
        return digest(self.key)


def guesses(email: str, address: str) -> list[Limit]:
    """What a try at a password counts against: the pair, so that a stranger's tries do not keep the owner out, and the address."""
    network = network_of(address)
    return [Limit(f"guess at {account_key(email)} from {network}", 5), Limit(f"guess from {network}", 100)]


def codes(user_id: UUID) -> list[Limit]:
    """What a try at a code counts against: the account alone, for whoever tries codes has the password."""
    return [Limit(f"code of {user_id}", 5)]


def requests_of(kind: str, address: str) -> list[Limit]:
    """What anybody may ask for without an account, like registering or a mail."""
    return [Limit(f"{kind} from {network_of(address)}", 30)]


def mails_to(kind: str, email: str, address: str) -> list[Limit]:
    """How many emails of a kind an address gets within an hour. The pair leaves the owner some when a stranger has used up theirs."""
    to = account_key(email)
    return [Limit(f"{kind} email to {to} from {network_of(address)}", 3), Limit(f"{kind} email to {to}", 10)]


def notices_to(user_id: UUID) -> list[Limit]:
    """How many emails an hour tell the owner of an account what was changed: so many changes say enough."""
    return [Limit(f"notice to {user_id}", 10)]


def account_key(email: str) -> str:
    """All spellings of an address that an account could be found by count together."""
    try:
        return normalized(email).casefold()
    except ValueError:
        return email.casefold()


def network_of(address: str) -> str:
    """Who holds one IPv6 address holds its whole /64.

    >>> network_of("2001:db8::1"), network_of("192.0.2.1")
    ('2001:db8::/64', '192.0.2.1')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


#: Counted from the first email of a window: as long as a link to reset a password works. So someone whose next email is held back has a
#: link that works.
MAIL_WINDOW = timedelta(hours=1)


def count(database: Database, limits: list[Limit]) -> None:
    """Count an attempt, or refuse it where one has to wait."""
    with database.transaction(Role.AUTH) as tx:
        for limit in limits:
            bounds = {"key": limit.stored, "free": limit.free, "longest": LONGEST_WAIT_SECONDS, "now": tx.now}
            if tx.one(QUERIES["count"], {**bounds, "forgotten": tx.now - FORGET}) is None:
                left = tx.one(QUERIES["wait"], bounds)
                raise TooManyAttempts(max(1, left["seconds"] if left else 1))


def may_mail(tx: Transaction, limits: list[Limit]) -> bool:
    """Count an email, or say that the address has had enough of them. The caller must not tell the difference."""
    hour = {"now": tx.now, "since": tx.now - MAIL_WINDOW}
    return all(
        tx.one(QUERIES["count_mail"], {**hour, "key": limit.stored, "most": limit.free}) is not None for limit in limits
    )


def succeeded(database: Database, limits: list[Limit]) -> None:
    """Take the attempt back: it was the owner's."""
    with database.transaction(Role.AUTH) as tx:
        tx.run(QUERIES["succeeded"], {"keys": [limit.stored for limit in limits]})
