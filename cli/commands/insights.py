"""`focusflow insights`."""

from datetime import datetime

import click

from cli.commands.report import USER, report_builder_for, week_around
from cli.options import DAY


@click.command("insights")
@USER
@click.option("--week", type=DAY, metavar="DAY", help="A day of the week. Defaults to the last full week.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON with the metrics and values that support each sentence."
)
def command(email: str, week: datetime | None, as_json: bool) -> None:
    """Print what stands out in a user's week. Written by the configured AI service or by rule, always from stored numbers.

    Example: focusflow insights --user demo@example.com
    """
    with report_builder_for(email, week_around(week)) as (report_builder, facts):
        found = report_builder.words(facts)
    if found.reason:
        click.echo(f"Written by rule: {found.reason}.", err=True)
    if as_json:
        click.echo(found.insights.model_dump_json(indent=2))
        return
    click.echo(found.insights.headline)
    observations = found.insights.observations
    for remark in (
        *(observations[1:] if observations[0].text == found.insights.headline else observations),
        *found.insights.suggestions,
    ):
        click.echo(f"- {remark.text}")
