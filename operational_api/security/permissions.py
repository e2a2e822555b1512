"""What a route asks of its caller: a scope, a role, or to be signed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from focusflow.errors import Forbidden
from focusflow.scopes import Scope
from operational_api.http.query_params import nothing_unknown

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
        nothing_unknown(request)  # here, for another dependency would cost every request as much as ten headers do
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
