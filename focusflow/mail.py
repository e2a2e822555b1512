"""Sends an email, or writes it as an `.eml` file where no mail server is set.

There are five outcomes, each with its own reaction: sent, refused (never retry), later (retry this one), unavailable (the server accepts
no email at all: pause all), unknown (it may have arrived: do not resend automatically).
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
from focusflow.email_address import ascii_form
from focusflow.identity import new_id
from focusflow.settings import Settings

log = logging.getLogger(__name__)

#: A long link must not be folded into encoded words: mail programs need it unchanged.
WHOLE_HEADERS = policy.default.clone(max_line_length=900)

CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Outcome(StrEnum):
    """The outcome of sending an email."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of sending an email, with the server's reply; `code` is 0 where there was none."""

    outcome: Outcome
    reply: str = ""
    code: int = 0


#: Status codes for an address that does not exist (RFC 3463). Full mailboxes and rejected senders are not among them.
NO_SUCH_ADDRESS = re.compile(r"(?<![\d.])5\.(1\.(1|2|3|6|10)|2\.1)(?![\d.])")


def is_final(delivery: Delivery) -> bool:
    """Whether no email to this address can ever arrive.

    >>> is_final(Delivery(Outcome.REFUSED, "550 5.1.1 no such user", 550)), is_final(Delivery(Outcome.REFUSED, "550 relay denied", 550))
    (True, False)
    """
    return delivery.outcome is Outcome.REFUSED and NO_SUCH_ADDRESS.search(delivery.reply) is not None


class Mailer(Protocol):
    """Sends emails."""

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
    """An email as plain text, optionally with an HTML part. Control characters are removed, so text cannot inject headers."""
    mail = EmailMessage(WHOLE_HEADERS)
    mail["From"] = settings.mail_from
    mail["To"] = Address(addr_spec=ascii_form(CONTROL.sub("", to)))
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
    """Send an email. An exception counts as an unknown outcome: the email may have left."""
    try:
        return mailer.send(mail)
    except Exception as error:
        log.exception("unexpected error while sending an email")
        return Delivery(Outcome.UNKNOWN, f"sending it failed: {type(error).__name__}")


def mailer(settings: Settings) -> Mailer:
    return Smtp(settings) if settings.smtp_host else Files(settings.home / "mails")


@dataclass(frozen=True, slots=True)
class Files:
    """Writes emails into a folder, each atomically."""

    folder: Path

    def send(self, mail: EmailMessage) -> Delivery:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{new_id().hex}.eml"
            draft = path.with_suffix(".draft")
            draft.write_bytes(mail.as_bytes())
            draft.replace(path)
        except OSError as error:
            return Delivery(Outcome.UNAVAILABLE, f"the folder of emails cannot be written: {error.strerror}")
        return Delivery(Outcome.SENT, str(path))


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends emails over SMTP. Each has its own connection, so that one that hangs delays no other."""

    settings: Settings

    def send(self, mail: EmailMessage) -> Delivery:
        try:
            envelope = Envelope.of(mail)
        except ValueError as error:  # an address or text that cannot be encoded, which no retry changes
            return Delivery(Outcome.REFUSED, f"the email cannot be written: {type(error).__name__}")
        try:
            server = self._connected(envelope.sender)
        except (OSError, smtplib.SMTPException) as error:
            return Delivery(Outcome.UNAVAILABLE, f"the mail server cannot be reached: {_describe_error(error)}")
        try:
            return _transmit(server, envelope)
        finally:
            server.close()

    def _connected(self, sender: str) -> smtplib.SMTP:
        """A connection that has accepted what all emails share: sign-in and sender."""
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
            _open_mail(server, sender)
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True, slots=True)
class Envelope:
    """The addresses and bytes of an email for SMTP."""

    sender: str
    recipient: str
    content: bytes

    @classmethod
    def of(cls, mail: EmailMessage) -> "Envelope":
        sender, recipient = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
        content = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
        return cls(sender.encode("ascii").decode(), recipient.encode("ascii").decode(), content)


def _open_mail(server: smtplib.SMTP, sender: str) -> None:
    server.ehlo_or_helo_if_needed()
    code, reply = server.mail(sender)
    if code >= 300:
        raise smtplib.SMTPSenderRefused(code, reply, sender)


def _transmit(server: smtplib.SMTP, envelope: Envelope) -> Delivery:
    """Send step by step: before the end of the data, a broken connection means that nothing was accepted."""
    try:
        code, reply = server.rcpt(envelope.recipient)
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(Outcome.LATER, f"the connection broke at the address: {_describe_error(error)}")
    if code >= 300:
        return _refused(code, reply)
    try:
        code, reply = server.data(envelope.content)
    except smtplib.SMTPDataError as error:  # the server rejected the data
        return _refused(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(Outcome.UNKNOWN, f"the connection broke while the text was sent: {_describe_error(error)}")
    return Delivery(Outcome.SENT, _text(reply)) if code == 250 else _refused(code, reply)


def _refused(code: int, reply: bytes | str) -> Delivery:
    outcome = Outcome.REFUSED if code >= 500 else Outcome.LATER
    return Delivery(outcome, f"{code} {_text(reply)}", code)


def _text(reply: bytes | str) -> str:
    return CONTROL.sub(" ", reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply)[:500]


def _describe_error(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return _text(str(error) or type(error).__name__)
