"""What a list of tasks leaves out, in the same words on every page."""

from dashboard.api_client import Json
from focusflow.i18n import ngettext


def not_listed(found: Json, listed: int) -> str:
    """The open tasks that a list does not show, by number and reason."""
    below = found["open"] - found["blocked"] - found["not_begun"] - listed
    blocked, later = found["blocked"], found["not_begun"]
    others = [
        (below, ngettext("{n} further down the list", "{n} further down the list", below)),
        (blocked, ngettext("{n} waiting for another task", "{n} waiting for another task", blocked)),
        (later, ngettext("{n} starting later", "{n} starting later", later)),
    ]
    return ", ".join(text for number, text in others if number > 0)
