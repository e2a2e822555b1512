"""`focusflow models`."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from models.registry import Registry


@click.group("models")
def command() -> None:
    """See the trained priority models, and choose which serves.

    Example: focusflow models rollback
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the cards as JSON.")
def list_(as_json: bool) -> None:
    """The models that are kept, the oldest first, with their figures."""
    from rich.console import Console
    from rich.table import Table

    from focusflow.cli.evaluate import as_text

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
    Console().print(table if cards else "There is no model yet. `focusflow train` makes one.")
    click.echo(f"{current} serves." if current else "The baseline serves.")


@command.command("promote")
@click.argument("version")
@click.option("--anyway", is_flag=True, help="Also if the gate refused it.")
def promote(version: str, anyway: bool) -> None:
    """Let a model serve from now on."""
    _registry().promote(version, anyway=anyway)
    click.echo(f"{version} serves from now on.")


@command.command("rollback")
def rollback() -> None:
    """Let the model before serve again, or the baseline where there was none."""
    before = _registry().rollback()
    click.echo(f"{before} serves again." if before else "The baseline serves again.")


def _registry() -> "Registry":
    from focusflow.settings import load_settings
    from models.registry import Registry

    return Registry(load_settings().models_folder)
