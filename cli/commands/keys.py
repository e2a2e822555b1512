"""`focusflow keys`."""

import sys

import click

from cli.groups import Group


@click.group("keys", cls=Group)
def command() -> None:
    """Show or rotate the key that signs access tokens.

    Example: focusflow keys rotate
    """


@command.command("list")
def list_() -> None:
    """List the keys by id, the signing one first. An id is a hash and says nothing about the key."""
    from focusflow.key_ring import key_id
    from focusflow.settings import load_settings

    keys = load_settings().keys
    click.echo(f"{key_id(keys.signing)}  signs")
    for each in keys.older:
        click.echo(f"{key_id(each.key)}  verifies; its access tokens count until {each.until:%Y-%m-%d %H:%M} UTC")


@command.command("rotate")
@click.option("--leaked", is_flag=True, help="End the access tokens of the key until now at once: others may have it.")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
def rotate(*, leaked: bool, dry_run: bool) -> None:
    """Sign with a new key from now on. No sign-in ends; running processes follow by themselves.

    The older key still verifies unsubscribe links, seals of the audit log and certificates. Secrets of second factors,
    webhooks, channels and calendars are encrypted with the new key.
    With FOCUSFLOW_SECRET_KEY set, change the settings as the command says and run it again.
    """
    from datetime import timedelta

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.key_ring import key_id
    from focusflow.settings import load_settings
    from operational_api.security import key_rotation

    settings = load_settings()
    before = key_id(settings.signing_key)
    if settings.secret_key is not None and not settings.older_secret_keys:
        until = clock.now() if leaked else clock.now() + timedelta(minutes=15)
        click.echo(
            "The key comes from FOCUSFLOW_SECRET_KEY. Set FOCUSFLOW_OLDER_SECRET_KEYS to"
            f' {{"{until:%Y-%m-%dT%H:%M:%SZ}": "<its value until now>"}}, give FOCUSFLOW_SECRET_KEY a new value'
            " (`openssl rand -base64 48`), restart FocusFlow, and run this command again."
        )
        return
    if dry_run:
        click.echo(f"The key {before} would verify only, and a new one sign.")
        return
    with running_database(settings) as url, Database(url, connections=1) as database:
        if settings.secret_key is None:
            key_rotation.rotate(settings, database, is_leaked=leaked)
            click.echo(f"The key {key_id(settings.signing_key)} signs now. {before} verifies what it has signed.")
        encrypted = key_rotation.encrypt_again(settings, database)
    click.echo(f"Encrypted with {key_id(settings.signing_key)}: {encrypted.count:,} secrets.")
    if encrypted.unreadable:
        click.secho(
            f"No key decrypts {', '.join(encrypted.unreadable)}. An admin can turn second factors off; users renew the others.",
            fg="red",
            err=True,
        )
        sys.exit(1)
