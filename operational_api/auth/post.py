"""Hands a mail to the platform's delivery, after the answer: who asked does not wait for a mail server, and learns nothing from it."""

from email.message import EmailMessage

from focusflow.identity import new_id
from operational_api.services import Services


def dispatch(shared: Services, mail: EmailMessage) -> None:
    folder = shared.settings.home / "mails"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{new_id().hex}.eml").write_bytes(mail.as_bytes())
