"""What the server hands to the pages. Streamlit runs them as scripts, so it cannot be an argument."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dashboard.auth.sessions import SessionStore
from focusflow.calendar_providers import configured_providers
from focusflow.lake.tables import Lake
from focusflow.retention import RULES
from focusflow.settings import Settings, reachable_host


@dataclass(frozen=True, slots=True)
class Shared:
    """The lake that the pages read, who is signed in, and for analysts the models and the pipeline's own pages."""

    lake: Lake
    buckets: int
    store: SessionStore
    models: Path
    host: str
    dagster_port: int
    dagster_url: str | None
    min_group_size: int
    retention: Mapping[str, Callable[[], str]]  # how long each kind of data is kept
    calendar_providers: Mapping[str, str]  # the names of those that can be connected
    is_demo: bool = False


_provided: list[Shared] = []


def provide(settings: Settings, store: SessionStore, *, is_demo: bool = False) -> None:
    _provided[:] = [
        Shared(
            Lake.of(settings),
            settings.buckets,
            store,
            settings.models_folder,
            reachable_host(settings.dagster_host),
            settings.dagster_port,
            settings.dagster_url,
            settings.min_group_size,
            {rule.data: partial(rule.kept, settings) for rule in RULES if rule.is_personal},
            {each.kind: each.name for each in configured_providers(settings)},
            is_demo,
        )
    ]


def shared() -> Shared:
    return _provided[0]
