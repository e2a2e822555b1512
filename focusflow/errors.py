"""Errors that users and operators see. Each message is a sentence: what happened, and what to do now."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self


class Problem(Exception):
    """An error with a message for its reader, `str(problem)`.

    The docstring of a subclass is its default message.
    """

    status = 500

    #: The fields at fault, each with what is wrong with it.
    errors: list[dict[str, str]] | None = None

    #: What else a program needs to go on.
    members: Mapping[str, str] = MappingProxyType({})

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or " ".join((type(self).__doc__ or "").split()))


class SetupProblem(Problem):
    """The installation is not in order: its home, database, lake or ports."""


class Invalid(Problem):
    """The request cannot be understood as it stands."""

    status = 422

    @classmethod
    def field(cls, name: str, wrong: str) -> Self:
        """An error in one field, like `body.due_at`."""
        problem = cls(f"The field {name} cannot be accepted: {wrong}.")
        problem.errors = [{"field": name, "message": wrong}]
        return problem


class NotSignedIn(Problem):
    """Sign in first: no valid access token or API key came with the request."""

    status = 401


class Forbidden(Problem):
    """Your account may not do this."""

    status = 403


class NotFound(Problem):
    """There is nothing here under this address."""

    status = 404


class Conflict(Problem):
    """The present state does not allow this."""

    status = 409


class Unavailable(Problem):
    """A part of the platform cannot be reached for the moment. Try again shortly."""

    status = 503


class StorageFull(Unavailable):
    """No room is left where the platform stores data. What was accepted is kept; the request can be sent again when there is room."""

    retry_after = 30
