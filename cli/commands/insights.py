"""`focusflow insights`."""

from datetime import datetime

import click

from cli.commands.report import USER, making, week_around
from cli.options import DAY


@click.command("insights")
@USER
@click.option("--week", type=DAY, metavar="DAY", help="The week around this day. Unset, the last whole one.")
@click.option("--json", "as_json", is_flag=True, help="With the metrics and values that each sentence rests on.")
def command(email: str, week: datetime | None, as_json: bool) -> None:
    """What stands out in somebody's week: in the words of the service that is set, else written by rule, always from the numbers that are there.

    Example: focusflow insights --user demo@example.com
    """
    with making(email, week_around(week)) as (maker, facts):
        found = maker.words(facts)
    if found.reason:
        click.echo(f"Written by rule: {found.reason}.", err=True)
    if as_json:
        click.echo(found.insights.model_dump_json(indent=2))
        return
    click.echo(found.insights.headline)
    told = found.insights.observations
    for remark in (*(told[1:] if told[0].text == found.insights.headline else told), *found.insights.suggestions):
        click.echo(f"- {remark.text}")
