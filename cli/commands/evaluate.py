"""`focusflow evaluate`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import DAY

if TYPE_CHECKING:
    from rich.console import Console


@click.command("evaluate")
@click.option("--from", "first", type=DAY, metavar="DAY", help="First day. Defaults to the first day with data.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="Last day. Defaults to the last day with data.")
@click.option("--user", "email", metavar="EMAIL", help="Train on all users, evaluate on this one.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option(
    "--plots",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write plots as SVG to this folder.",
)
def command(
    first: datetime | None, last: datetime | None, email: str | None, as_json: bool, folder: Path | None
) -> None:
    """Evaluate the priority model against simple rules with expanding-window splits.

    Example: focusflow evaluate --from 2026-01-01 --json
    """
    if first and last and last < first:
        raise click.UsageError("--to is before --from.")
    from datetime import date

    from rich.console import Console

    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from models.features.snapshots import Span
    from models.training.challenger import judged
    from models.training.dataset import lists_of_lake

    settings = load_settings()
    only = _user_id(email) if email else None
    days = Span(first.date() if first else date(1970, 1, 1), last.date() if last else date(9000, 1, 1))
    session = duckdb_session(temp_directory=str(settings.home / "tmp"))
    with Console(stderr=True).status("Reading histories …") as status:
        lists = lists_of_lake(Lake.of(settings), session, days=days)
        status.update("Training, and trying it on what it has not seen …")
        figures, left_out = judged(lists, only=only)
    if folder:
        _draw(figures, folder)
    if as_json:
        click.echo(as_text(figures))
    else:
        show_figures(Console(), figures)
        for reason in left_out:
            click.echo(f"Deadline risk is left out: {reason}.")


def _draw(figures: Mapping[str, Any], folder: Path) -> None:
    from models.evaluation.plots import plots

    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in plots(figures).items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


def as_text(figures: Mapping[str, Any]) -> str:
    """JSON; what could not be computed is null."""
    import orjson

    return orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode()


def show_figures(console: "Console", figures: Mapping[str, Any]) -> None:
    """The orders beside each other, then parts of the lists, then how right the probabilities are."""
    from rich.table import Table

    from models.evaluation import model_card
    from models.evaluation.model_card import figure, interval

    console.print(
        f"{figures['from']} to {figures['to']}: {figures['people']} people, {figures['judged']:,} of {figures['lists']:,} lists can be judged"
    )
    orders = Table("order", "NDCG@5", "95 %", "first is right", "pairs right")
    for name, each in sorted(figures["orders"].items(), key=lambda item: -item[1]["ndcg"]["mean"]):
        style = "bold" if name == "model" else None
        ndcg = interval(each["ndcg"], "{:.3f}")
        orders.add_row(name, *ndcg, figure(each["hit"]), figure(each["auc"]), style=style)
    console.print(orders)
    gains = Table(f"model against “{figures['best_baseline']}”", *model_card.GAIN)
    measures = Table("the model in", *model_card.MEASURES)
    for name, each in model_card.parts_of_lists(figures).items():
        if each["lists"]:
            gains.add_row(name, *model_card.gain_of(each))
            measures.add_row(name, *model_card.measures_of(each))
    following = Table("following the list", *model_card.FOLLOWING)
    for name, each in figures["following"].items():
        following.add_row(name.replace("_", " "), *model_card.followed(each))
    probabilities = Table("probability", *model_card.PROBABILITY)
    for title, each in model_card.probabilities(figures).items():
        probabilities.add_row(title, *model_card.probability_of(each))
    for table in (gains, measures, following, probabilities):
        console.print(table)
    for title, each in model_card.probabilities(figures).items():
        said = Table("said", "came", "tasks", "", title=title)
        for group in each["reliability"]:
            bar = "█" * round(group["came"] * 40)
            said.add_row(figure(group["said"]), figure(group["came"]), f"{group['tasks']:,}", bar)
        console.print(said)


def _user_id(email: str) -> str:
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from pipelines.privacy.accounts import record
    from reports.recipients import Recipients

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        user_id = Recipients(database, settings.must_verify_email).by_email(email).user.id
        record(database, "user.viewed", user_id)
        return str(user_id)
