"""What a list of tasks leaves out, in the same words on every page."""

from dashboard.api_client import Json
from focusflow import locales
from focusflow.i18n import gettext as _


def not_listed(found: Json, listed: int) -> str:
    """The open tasks that a list does not show, by number and reason."""
    others = [
        (found["open"] - found["blocked"] - found["not_begun"] - listed, _("{n} further down the list")),
        (found["blocked"], _("{n} waiting for another task")),
        (found["not_begun"], _("{n} starting later")),
    ]
    return ", ".join(why.format(n=locales.count(each)) for each, why in others if each > 0)
