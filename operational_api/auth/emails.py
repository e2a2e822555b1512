"""The emails about an account. They hold nothing that a user wrote: an address may not belong to whoever entered it."""

from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import quote

from focusflow.mail import composed
from focusflow.settings import Settings
from reports.render import render_email

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def verify_email(settings: Settings, to: str, token: str, lifetime: timedelta) -> EmailMessage:
    return _email(settings, to, "verify_email", f"verify-email?token={quote(token)}", lifetime=in_words(lifetime))


def account_exists(settings: Settings, to: str) -> EmailMessage:
    return _email(settings, to, "account_exists", "signin")


def reset_password(settings: Settings, to: str, token: str, lifetime: timedelta) -> EmailMessage:
    return _email(settings, to, "reset_password", f"reset-password?token={quote(token)}", lifetime=in_words(lifetime))


def password_changed(settings: Settings, to: str) -> EmailMessage:
    return _email(settings, to, "password_changed", "forgot-password")


def in_words(lifetime: timedelta) -> str:
    """
    >>> in_words(timedelta(days=7)), in_words(timedelta(hours=1))
    ('7 days', '1 hour')
    """
    number, unit = (lifetime // DAY, "day") if lifetime >= DAY else (lifetime // HOUR, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _email(settings: Settings, to: str, name: str, page: str, **values: str) -> EmailMessage:
    email = render_email(name, link=f"{settings.dashboard_address}/{page}", **values)
    return composed(settings, to, email.subject, email.text, html=email.html)
