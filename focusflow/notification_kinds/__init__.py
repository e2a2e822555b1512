"""The kinds of notifications: each is a file `<kind>.toml` in this folder, and its name is what the database stores.

The API, the dashboard, the deliveries and the documentation read them from here.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Channel = Literal["email", "in_app"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Subscription(BaseModel):
    """Emails that a link in them ends. The code is in links that never expire: give a new one the next free number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[int, Field(ge=0, le=255)]
    label: str  # completes "No more emails with …"


class Kind(BaseModel):
    """A kind of notification, and how it behaves where the user has not chosen otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    label: str
    description: str
    icon: str = "notifications"
    default_channels: Annotated[tuple[Channel, ...], AfterValidator(lambda found: tuple(sorted(set(found))))] = (
        "in_app",
    )
    can_users_create: bool = False
    waits_for_quiet_hours: bool = True
    email_useful_hours: Annotated[int, Field(gt=0)] = 24
    email_template: str = "notification"
    subscriptions: Mapping[Name, Subscription] = {}

    @property
    def is_emailed_by_default(self) -> bool:
        return "email" in self.default_channels

    @property
    def email_useful_for(self) -> timedelta:
        """An email that could not be sent within this time is not sent any more."""
        return timedelta(hours=self.email_useful_hours)


def load_kinds(folder: Path) -> dict[str, Kind]:
    """Read every kind of a folder, by name. Two subscriptions with one code or name are an error."""
    kinds = {
        path.stem: Kind.model_validate({**tomllib.loads(path.read_text(encoding="utf-8")), "name": path.stem})
        for path in sorted(folder.glob("*.toml"))
    }
    named = [(name, each.code) for kind in kinds.values() for name, each in kind.subscriptions.items()]
    for position, label in ((0, "name"), (1, "code")):
        found = [each[position] for each in named]
        if len(set(found)) < len(found):
            raise ValueError(
                f"Two subscriptions in {folder} have the same {label}. Give the new one a {label} of its own."
            )
    return kinds


KINDS: Final[Mapping[str, Kind]] = load_kinds(Path(__file__).parent)
