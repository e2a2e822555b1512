"""What a route requires of its caller: a scope, a role, or a sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from focusflow.errors import Forbidden
from focusflow.scopes import Scope

#: Each account role includes the one before it: a user has their own data, an analyst the product analytics, an admin the installation.
ROLES: Final[Mapping[str, int]] = {"user": 0, "analyst": 1, "admin": 2}


class ScopeMissing(Forbidden):
    """This API key is not allowed to do this."""


class SecondFactorNeeded(Forbidden):
    """Set up two-factor authentication first (`POST /api/v1/auth/two-factor`): this installation requires it of your account."""


class SignInNeeded(Forbidden):
    """An API key cannot do this. Sign in with your password."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a route requires of its caller. As a dependency of a router it is set before the credentials are read."""

    read: Scope | None
    write: Scope | None
    role: str = "user"
    needs_second_factor: bool = True

    async def __call__(self, request: Request) -> None:
        request.state.permission = self

    def scope(self, method: str) -> Scope | None:
        return self.read if method in ("GET", "HEAD") else self.write

    def check(self, method: str, role: str, granted: frozenset[str] | None, *, lacks_second_factor: bool) -> None:
        """Refuse a caller without the permission. `granted` are the scopes of an API key; None (signed in) has all of them. A second factor
        is lacking where it is required.
        """
        if granted is not None:
            scope = self.scope(method)
            if scope is None:
                raise SignInNeeded
            if scope not in granted:
                raise ScopeMissing(f"This API key is not allowed to do this: it lacks the scope {scope}.")
        if ROLES[role] < ROLES[self.role]:
            raise Forbidden
        if lacks_second_factor and self.needs_second_factor:
            raise SecondFactorNeeded


def scoped(noun: str, *, role: str = "user") -> Permission:
    """The scopes of a noun: read for GET, write for everything else. No key has a scope that does not exist.

    >>> scoped("scores").scope("GET")
    <Scope.SCORES_READ: 'scores:read'>
    """
    known = {scope.value: scope for scope in Scope}
    return Permission(known.get(f"{noun}:read"), known.get(f"{noun}:write"), role)


#: Accounts, keys and exports of personal data: closed to API keys.
SIGNED_IN = Permission(None, None)

#: What a user needs to set up a second factor, where it is required: closed to API keys.
SETTING_UP = Permission(None, None, needs_second_factor=False)

#: The installation: for admins who signed in.
ADMIN = Permission(None, None, "admin")

#: Figures about all users together: for analysts and admins who signed in.
ANALYST = Permission(None, None, "analyst")
