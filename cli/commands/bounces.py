"""`focusflow bounces`."""

from collections.abc import Iterator
from pathlib import Path

import click


@click.command("bounces")
@click.argument("file", required=False, metavar="[FILE|-]")
@click.option("--forget", "email", metavar="EMAIL", help="Allow emails to this address again.")
def command(file: str | None, email: str | None) -> None:
    """Process bounce messages from a file, a mailbox (mbox) or standard input.

    Bounces (RFC 3464) go to the sender address: read its mailbox regularly, or pipe it here. The delivery is marked as failed. If the
    address does not exist, it gets no more emails until it is changed or verified. Without a file, suppressed addresses are listed.

    Example: focusflow bounces - < bounce.eml
    """
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.errors import NotFound, Problem
    from focusflow.settings import load_settings
    from reports.delivery.bounces import Bounces, Fate
    from reports.delivery.delivery_log import DeliveryLog
    from reports.recipients import Recipients

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        recipients = Recipients(database, settings.must_verify_email)
        bounces = Bounces(database, recipients, DeliveryLog(database, settings.mail_from))
        if email is not None:
            if not recipients.forget_bounce(email):
                raise NotFound(f"No mail to {email} came back.")
            click.echo(f"Mails go to {email} again.")
        elif file is None:
            for row in recipients.bounces():
                click.echo(f"{row['bounced_at']:%Y-%m-%d %H:%M}  {row['email']}: {row['reason']}")
        else:
            unreadable = 0
            for content in _messages(file):
                for address, fate in bounces.take(content, clock.now()):
                    click.echo(f"{fate:<8} {address}")
                    unreadable += fate is Fate.UNREADABLE
            if unreadable:
                raise Problem(
                    f"{unreadable} of the messages could not be read and were skipped; the others were taken in."
                )


def _messages(file: str) -> Iterator[bytes]:
    """Of a mailbox all, else the one."""
    import mailbox
    import sys
    from contextlib import closing

    if file == "-":
        yield sys.stdin.buffer.read()
        return
    path = Path(file)
    if not path.is_file():
        raise click.BadParameter(f"there is no file {file}")
    content = path.read_bytes()
    if content.startswith(b"From "):
        with closing(mailbox.mbox(path, create=False)) as box:
            yield from map(box.get_bytes, box.iterkeys())
    else:
        yield content
