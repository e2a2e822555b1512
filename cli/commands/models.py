"""`focusflow models`."""

from typing import TYPE_CHECKING

import click

from cli.groups import Group

if TYPE_CHECKING:
    from models.serving.registry import Registry


@click.group("models", cls=Group)
def command() -> None:
    """List trained priority models, their feedback, and choose the served one.

    Example: focusflow models rollback
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the cards as JSON.")
def list_(as_json: bool) -> None:
    """List stored models with their metrics, oldest first."""
    from rich.console import Console
    from rich.table import Table

    from cli.commands.evaluate import as_text

    registry = _registry()
    current, cards = registry.current(), [registry.card(version) for version in registry.versions()]
    if as_json:
        click.echo(as_text({"serves": current, "models": cards}))
        return
    table = Table("", "model", "trained on", "people", "NDCG@5 against the best rule", "calibration error")
    for card in cards:
        measures, learned = card["measures"], card["trained_on"]
        gain = measures["gain"]
        table.add_row(
            "●" if card["version"] == current else "",
            card["version"],
            f"{learned['from']} to {learned['to']}",
            f"{learned['people']}",
            f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) {measures['best_baseline']}",
            f"{measures['likelihood']['calibration_error']:.3f}",
        )
    Console().print(table if cards else "No model yet. Train one with `focusflow train`.")
    click.echo(f"{current} is served." if current else "The baseline is served.")


@command.command("promote")
@click.argument("version")
@click.option("--anyway", is_flag=True, help="Promote it even if the promotion gate refused it.")
def promote(version: str, anyway: bool) -> None:
    """Serve a model from now on."""
    from focusflow import clock

    _registry().promote(version, clock.now(), anyway=anyway)
    click.echo(f"{version} is served from now on.")


@command.command("rollback")
def rollback() -> None:
    """Serve the previous model again, or the baseline if there was none."""
    from focusflow import clock

    before = _registry().rollback(clock.now())
    click.echo(f"{before} is served again." if before else "The baseline is served again.")


@command.command("feedback")
@click.option("--days", type=click.IntRange(1, 36_500), default=28, show_default=True, help="Number of days.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def feedback(days: int, as_json: bool) -> None:
    """Show how often scored tasks were started by the end of the next day, by model and rank."""
    from datetime import timedelta

    from rich.console import Console
    from rich.table import Table

    from cli.commands.evaluate import as_text
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from models.evaluation.feedback import BEYOND, TOP, uplift, uptake

    settings = load_settings()
    since = clock.now().date() - timedelta(days=days)
    with running_database(settings) as url, Database(url) as database:
        rows, found = uptake(database, since), uplift(database, since)
    if as_json:
        click.echo(as_text({"since": since, "ranks": rows, "uplift": found.as_json() if found else None}))
        return
    table = Table("model", "rank", "shown", "people", "taken up")
    for row in rows:
        rank = f"{BEYOND} and on" if row["rank"] == BEYOND else f"{row['rank']}"
        table.add_row(row["model_version"], rank, f"{row['shown']:,}", f"{row['people']:,}", f"{row['taken_up']:.0%}")
    Console().print(table if rows else "No feedback yet: it needs shown scores and the following day.")
    if found:
        gain = found.difference
        click.echo(
            f"Model against urgency, by a coin for each day: {found.days_by_model:,} and {found.days_by_urgency:,} days of {found.users:,} users."
            f" The share of the top {TOP} tasks that were taken up differs by {gain.mean:+.1%} (95 %: {gain.low:+.1%} to {gain.high:+.1%})."
            f" So many days show a difference of {found.detectable:.1%} in 4 of 5 cases."
        )
    elif not settings.compare_orders:
        click.echo(
            "Set FOCUSFLOW_COMPARE_ORDERS to compare the model's order with urgency's by a coin for each user and day."
        )


def _registry() -> "Registry":
    from focusflow.settings import load_settings
    from models.serving.registry import Registry

    return Registry(load_settings().models_folder)
