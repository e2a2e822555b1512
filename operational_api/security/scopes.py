"""What an API key may be allowed to do: the one list. And what a route asks of its caller: a scope, a role, or to be signed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fastapi import Request

from focusflow.problems import Forbidden


class Scope(StrEnum):
    """A thing that an API key can be allowed."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    GOALS_READ = "goals:read"
    GOALS_WRITE = "goals:write"
    HABITS_READ = "habits:read"
    HABITS_WRITE = "habits:write"
    TIME_READ = "time:read"
    TIME_WRITE = "time:write"
    CALENDAR_READ = "calendar:read"
    CALENDAR_WRITE = "calendar:write"
    CATEGORIES_READ = "categories:read"
    CATEGORIES_WRITE = "categories:write"
    PREFERENCES_READ = "preferences:read"
    PREFERENCES_WRITE = "preferences:write"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    SCORES_READ = "scores:read"
    EVENTS_WRITE = "events:write"
    ANALYTICS_READ = "analytics:read"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    AI_READ = "ai:read"
    AI_WRITE = "ai:write"


#: What each account role may do beyond the one before it: a user their own, an analyst the product's figures, an admin the installation.
ROLES: Final[Mapping[str, int]] = {"user": 0, "analyst": 1, "admin": 2}


class ScopeMissing(Forbidden):
    """This API key is not allowed to do this."""


class SignInNeeded(Forbidden):
    """An API key cannot do this. Sign in with your password."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of who calls it. As a dependency of a router it is known before the request's work begins."""

    read: Scope | None
    write: Scope | None
    role: str = "user"

    async def __call__(self, request: Request) -> None:
        request.state.needs = self

    def scope(self, method: str) -> Scope | None:
        return self.read if method in ("GET", "HEAD") else self.write

    def check(self, method: str, role: str, granted: frozenset[str] | None) -> None:
        """Refuse a caller who may not. `granted` is what an API key may; somebody who signed in may all of it."""
        if granted is not None:
            scope = self.scope(method)
            if scope is None:
                raise SignInNeeded
            if scope not in granted:
                raise ScopeMissing(f"This API key is not allowed to do this: it lacks the scope {scope}.")
        if ROLES[role] < ROLES[self.role]:
            raise Forbidden


def allows(noun: str, *, role: str = "user") -> Needs:
    """The scopes of a noun: to read for GET, to write for all else. What does not exist no key can have.

    >>> allows("scores").scope("GET")
    <Scope.SCORES_READ: 'scores:read'>
    """
    known = {scope.value: scope for scope in Scope}
    return Needs(known.get(f"{noun}:read"), known.get(f"{noun}:write"), role)


#: Accounts, keys, personal data as a whole: no API key can touch them.
SIGNED_IN = Needs(None, None)

#: The installation itself: for admins who signed in.
ADMIN = Needs(None, None, "admin")

#: Figures about all people together: for analysts and admins who signed in.
ANALYST = Needs(None, None, "analyst")
