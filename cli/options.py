"""A day as an option of a command."""

from datetime import datetime

import click


class Day(click.ParamType[datetime]):
    """A date, as its midnight."""

    name = "day"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d")  # noqa: DTZ007 (a day, wherever somebody lives)
        except ValueError:
            self.fail(f"{value} is not a day. Write it like 2026-01-31.", param, ctx)


DAY = Day()
