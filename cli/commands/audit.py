"""`focusflow audit`."""

import sys

import click

from cli.groups import Group


@click.group("audit", cls=Group)
def command() -> None:
    """Verify that nobody changed the audit log.

    Example: focusflow audit verify
    """


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(as_json: bool) -> None:
    """Seal new entries, and compute the seals of all entries again. Exits with 1 if entries were changed, deleted or moved."""
    import json
    from dataclasses import asdict

    from focusflow.database.audit_chain import AuditChain
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings

    settings = load_settings()
    with running_database(settings) as url, Database(url, connections=1) as database:
        verdict = AuditChain(settings, database).verify()
    if as_json:
        click.echo(json.dumps(asdict(verdict) | {"is_intact": verdict.is_intact}, indent=2))
    else:
        click.secho(verdict.sentence, fg=None if verdict.is_intact else "red")
    sys.exit(0 if verdict.is_intact else 1)
