"""The emails about an account. They hold nothing that a user wrote: an address may not belong to whoever entered it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from enum import StrEnum
from typing import Self
from urllib.parse import quote

from psycopg.rows import DictRow

from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.mail import composed
from focusflow.settings import Settings
from reports.render import plain_text, render_email

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def verify_email(settings: Settings, to: str, token: str, lifetime: timedelta) -> EmailMessage:
    return _email(settings, to, "verify_email", f"verify-email?token={quote(token)}", lifetime=in_words(lifetime))


def account_exists(settings: Settings, to: str) -> EmailMessage:
    return _email(settings, to, "account_exists", "signin")


def reset_password(settings: Settings, to: str, token: str, lifetime: timedelta) -> EmailMessage:
    return _email(settings, to, "reset_password", f"reset-password?token={quote(token)}", lifetime=in_words(lifetime))


def change_email(settings: Settings, to: str, token: str, lifetime: timedelta) -> EmailMessage:
    return _email(settings, to, "change_email", f"confirm-email?token={quote(token)}", lifetime=in_words(lifetime))


@dataclass(frozen=True, slots=True)
class KeyNotice:
    """The API keys that an email about a password names, and whether they still work."""

    keys: tuple[str, ...]
    are_revoked: bool

    @classmethod
    def of(cls, keys: Sequence[DictRow], account: DictRow, *, are_revoked: bool) -> Self:
        """Before an address is verified, whoever named the keys may be a stranger: then only their beginnings stand in the email."""
        is_verified = account["email_verified_at"] is not None
        named = (
            f"{plain_text(key['name'])} ({key['prefix']}…)" if is_verified else f"{key['prefix']}…" for key in keys
        )
        return cls(tuple(named), are_revoked)

    @property
    def audited(self) -> dict[str, int]:
        return {"keys_revoked" if self.are_revoked else "keys_still_valid": len(self.keys)}


def password_changed(settings: Settings, to: str, keys: KeyNotice) -> EmailMessage:
    return _email(settings, to, "password_changed", "forgot-password", keys=keys.keys, are_revoked=keys.are_revoked)


class TwoFactorChange(StrEnum):
    """What happened to two-factor authentication of an account, as its owner reads it."""

    TURNED_ON = mark("Two-factor authentication of your FocusFlow account was turned on just now.")
    TURNED_OFF = mark("Two-factor authentication of your FocusFlow account was turned off just now.")
    REMOVED = mark("An admin turned off two-factor authentication of your FocusFlow account just now.")
    NEW_RECOVERY_CODES = mark(
        "New recovery codes were made for your FocusFlow account just now. The old ones stopped working."
    )
    RECOVERY_CODE_USED = mark("A recovery code of your FocusFlow account was used just now.")


def two_factor_changed(settings: Settings, to: str, change: TwoFactorChange) -> EmailMessage:
    return _email(settings, to, "two_factor_changed", "forgot-password", change=_(change))


def erasure_requested(settings: Settings, to: str, due_at: datetime) -> EmailMessage:
    return _email(
        settings, to, "erasure_requested", "settings?section=Your+data", due_at=f"{locales.moment(due_at)} UTC"
    )


def in_words(lifetime: timedelta) -> str:
    """
    >>> in_words(timedelta(days=7)), in_words(timedelta(hours=1))
    ('7 days', '1 hour')
    """
    if lifetime >= DAY:
        return ngettext("{n} day", "{n} days", lifetime // DAY)
    return ngettext("{n} hour", "{n} hours", lifetime // HOUR)


def _email(settings: Settings, to: str, name: str, page: str, **values: object) -> EmailMessage:
    email = render_email(name, link=f"{settings.dashboard_address}/{page}", **values)
    return composed(settings, to, email.subject, email.text, html=email.html)
