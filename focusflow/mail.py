"""Sends an email, or writes it as an `.eml` file where no mail server is set. There are five outcomes, for each asks for something else:
sent, refused (never again), later (try this one again), unavailable (the server takes no email of anybody's: leave all of them for a
while), unknown (it may have arrived: do not send it again by yourself).
"""

import logging
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from focusflow import clock
from focusflow.identity import new_id
from focusflow.settings import Settings

log = logging.getLogger(__name__)

#: A long link must not be broken into encoded words: mail programs look for it as it stands.
WHOLE_HEADERS = policy.default.clone(max_line_length=900)

CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Outcome(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail, and what the server said; `code` is its reply, 0 where it gave none."""

    outcome: Outcome
    said: str = ""
    code: int = 0


#: What says that there is nobody at an address (RFC 3463), whatever is sent there. Full mailboxes and what a server thinks of us do not.
NOBODY_THERE = re.compile(r"(?<![\d.])5\.(1\.(1|2|3|6|10)|2\.1)(?![\d.])")


def is_final(delivery: Delivery) -> bool:
    """Whether nothing sent to this address will ever arrive.

    >>> is_final(Delivery(Outcome.REFUSED, "550 5.1.1 no such user", 550)), is_final(Delivery(Outcome.REFUSED, "550 relay denied", 550))
    (True, False)
    """
    return delivery.outcome is Outcome.REFUSED and NOBODY_THERE.search(delivery.said) is not None


class Mailer(Protocol):
    """A way for mails out of the house."""

    def send(self, mail: EmailMessage) -> Delivery: ...


def composed(
    settings: Settings,
    to: str,
    subject: str,
    text: str,
    *,
    html: str | None = None,
    message_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    """A mail, plain, or with the same as HTML beside it. What people wrote cannot make headers of its own."""
    mail = EmailMessage(WHOLE_HEADERS)
    mail["From"] = settings.mail_from
    mail["To"] = Address(addr_spec=CONTROL.sub("", to))
    mail["Subject"] = CONTROL.sub(" ", subject)[:200]
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = message_id or f"<{new_id().hex}@focusflow>"
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text, cte="quoted-printable")
    if html is not None:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def hand_over(mailer: Mailer, mail: EmailMessage) -> Delivery:
    """Send an email. An exception is an outcome too, and says nothing of whether the email has left."""
    try:
        return mailer.send(mail)
    except Exception as error:
        log.exception("sending an email failed in a way that is not expected")
        return Delivery(Outcome.UNKNOWN, f"sending it failed: {type(error).__name__}")


def mailer(settings: Settings) -> Mailer:
    return Smtp(settings) if settings.smtp_host else Files(settings.home / "mails")


@dataclass(frozen=True, slots=True)
class Files:
    """Writes mails into a folder, whole or not at all."""

    folder: Path

    def send(self, mail: EmailMessage) -> Delivery:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{new_id().hex}.eml"
            draft = path.with_suffix(".draft")
            draft.write_bytes(mail.as_bytes())
            draft.replace(path)
        except OSError as error:
            return Delivery(Outcome.UNAVAILABLE, f"the folder of mails cannot be written: {error.strerror}")
        return Delivery(Outcome.SENT, str(path))


@dataclass(frozen=True, slots=True)
class Smtp:
    """Hands mails to a server. Each has a connection of its own: one that hangs delays no other."""

    settings: Settings

    def send(self, mail: EmailMessage) -> Delivery:
        try:
            envelope = Envelope.of(mail)
        except ValueError as error:  # an address or a text that has no bytes: it will have none next time either
            return Delivery(Outcome.REFUSED, f"the email cannot be written: {type(error).__name__}")
        try:
            server = self._connected(envelope.sender)
        except (OSError, smtplib.SMTPException) as error:
            return Delivery(Outcome.UNAVAILABLE, f"the mail server cannot be reached: {_words(error)}")
        try:
            return _handed_over(server, envelope)
        finally:
            server.close()

    def _connected(self, sender: str) -> smtplib.SMTP:
        """A server that has agreed to everything that is the same for all emails: who we are, and who they are from."""
        host, port, seconds = str(self.settings.smtp_host), self.settings.smtp_port, self.settings.smtp_timeout_seconds
        trusted = ssl.create_default_context()
        if self.settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=seconds, context=trusted)
        else:
            server = smtplib.SMTP(host, port, timeout=seconds)
        try:
            if self.settings.smtp_security == "starttls":
                server.starttls(context=trusted)
            if self.settings.smtp_username and self.settings.smtp_password:
                server.login(self.settings.smtp_username, self.settings.smtp_password.get_secret_value())
            _introduce(server, sender)
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True, slots=True)
class Envelope:
    """An email as the bytes and addresses that a server is given."""

    sender: str
    recipient: str
    content: bytes

    @classmethod
    def of(cls, mail: EmailMessage) -> "Envelope":
        sender, recipient = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
        content = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
        return cls(sender.encode("ascii").decode(), recipient.encode("ascii").decode(), content)


def _introduce(server: smtplib.SMTP, sender: str) -> None:
    server.ehlo_or_helo_if_needed()
    code, said = server.mail(sender)
    if code >= 300:
        raise smtplib.SMTPSenderRefused(code, said, sender)


def _handed_over(server: smtplib.SMTP, envelope: Envelope) -> Delivery:
    """Step by step, for what a broken connection means depends on where it broke: before the end of the text nothing was taken."""
    try:
        code, said = server.rcpt(envelope.recipient)
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(Outcome.LATER, f"the connection broke at the address: {_words(error)}")
    if code >= 300:
        return _refused(code, said)
    try:
        code, said = server.data(envelope.content)
    except smtplib.SMTPDataError as error:  # the server did not want the text
        return _refused(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(Outcome.UNKNOWN, f"the connection broke while the text was sent: {_words(error)}")
    return Delivery(Outcome.SENT, _text(said)) if code == 250 else _refused(code, said)


def _refused(code: int, said: bytes | str) -> Delivery:
    outcome = Outcome.REFUSED if code >= 500 else Outcome.LATER
    return Delivery(outcome, f"{code} {_text(said)}", code)


def _text(said: bytes | str) -> str:
    return CONTROL.sub(" ", said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:500]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return _text(str(error) or type(error).__name__)
