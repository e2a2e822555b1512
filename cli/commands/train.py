"""`focusflow train`."""

import click


@click.command("train")
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
def command(as_json: bool) -> None:
    """Train a priority model on all histories. It is served only if it beats every simple rule and the current model.

    Example: focusflow train
    """
    from rich.console import Console

    from cli.commands.evaluate import as_text, show_figures
    from focusflow import clock
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from focusflow.settings import load_settings
    from models.serving.registry import Registry
    from models.training.challenger import challenge
    from models.training.dataset import lists_of_lake

    settings, console = load_settings(), Console()
    session = duckdb_session(temp_directory=str(settings.home / "tmp"))
    with Console(stderr=True).status("Reading histories …") as status:
        lists = lists_of_lake(Lake.of(settings), session)
        status.update("Training, and trying it on what it has not seen …")
        outcome = challenge(lists, Registry(settings.models_folder), clock.now())
    if as_json:
        click.echo(as_text(outcome.card))
        return
    show_figures(console, outcome.card["measures"])
    if outcome.is_promoted:
        console.print(f"\n{outcome.version} serves from now on.", style="green")
    else:
        console.print(f"\n{outcome.version} is kept and does not serve:", style="yellow")
        for reason in outcome.refused:
            console.print(f"- {reason}", soft_wrap=True)
