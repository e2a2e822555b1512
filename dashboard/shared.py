"""What the server hands to the pages. Streamlit runs them as scripts, so it cannot be an argument."""

from dataclasses import dataclass

from dashboard.sessions import SessionStore
from focusflow.lake import Lake
from focusflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Shared:
    """The lake that the pages read, and who is signed in."""

    lake: Lake
    buckets: int
    store: SessionStore


_provided: list[Shared] = []


def provide(settings: Settings, store: SessionStore) -> None:
    _provided[:] = [Shared(Lake(settings.lake_location), settings.buckets, store)]


def shared() -> Shared:
    return _provided[0]
