"""`focusflow insights`."""

from datetime import datetime

import click

from focusflow.cli.report import DAY, USER, facts_of, week_around


@click.command("insights")
@USER
@click.option("--week", type=DAY, metavar="DAY", help="The week around this day. Unset, the last whole one.")
@click.option("--json", "as_json", is_flag=True, help="With the metrics and values that each sentence rests on.")
def command(email: str, week: datetime | None, as_json: bool) -> None:
    """What stands out in somebody's week, written by rule from the numbers that are there.

    Example: focusflow insights --user demo@example.com
    """
    from reports.insights.local import LocalWriter

    written = LocalWriter().write(facts_of(email, week_around(week)))
    if as_json:
        click.echo(written.model_dump_json(indent=2))
        return
    click.echo(written.headline)
    for remark in (*written.observations[1:], *written.suggestions):
        click.echo(f"- {remark.text}")
