"""What a list of tasks leaves out, in the same words on every page."""

from dashboard.api_client import Json


def not_listed(found: Json, listed: int) -> str:
    """The open tasks that a list does not show, by number and reason."""
    others = [
        (found["open"] - found["blocked"] - found["not_begun"] - listed, "further down the list"),
        (found["blocked"], "waiting for another task"),
        (found["not_begun"], "starting later"),
    ]
    return ", ".join(f"{each} {why}" for each, why in others if each > 0)
