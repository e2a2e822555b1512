"""The mails that accounts need: to prove an address, to set a password. Plain text, one link, nothing remote."""

from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import quote

from focusflow.mail import composed
from focusflow.settings import Settings

VERIFY = """Hello {name},

somebody, most likely you, has made a FocusFlow account with this e-mail address. To say that it is yours, open

{link}

within seven days. If it was not you, do nothing: without that, nobody gets in.
"""

KNOWN = """Hello {name},

somebody, most likely you, has tried to make a FocusFlow account with this e-mail address. There is one already; nothing has changed.
If you have forgotten its password, set a new one on the page where you sign in.
"""

RESET = """Hello {name},

somebody, most likely you, has asked for a new password for your FocusFlow account. To set it, open

{link}

within an hour. If it was not you, do nothing: your password stays as it is.
"""

CHANGED = """Hello {name},

the password of your FocusFlow account has just been changed, and every device has been signed out. If it was not you, set a new one at
once on the page where you sign in, and tell whoever runs this installation.
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account, as far as a mail needs it."""

    email: str
    display_name: str


def verify(settings: Settings, to: Recipient, token: str) -> EmailMessage:
    return _mail(settings, to, "Is this your e-mail address?", VERIFY, _link(settings, "verify-email", token))


def known(settings: Settings, to: Recipient) -> EmailMessage:
    return _mail(settings, to, "You have a FocusFlow account", KNOWN)


def reset(settings: Settings, to: Recipient, token: str) -> EmailMessage:
    return _mail(settings, to, "A new password for FocusFlow", RESET, _link(settings, "reset-password", token))


def changed(settings: Settings, to: Recipient) -> EmailMessage:
    return _mail(settings, to, "Your password has been changed", CHANGED)


def _link(settings: Settings, page: str, token: str) -> str:
    return f"{settings.dashboard_address}/{page}?token={quote(token)}"


def _mail(settings: Settings, to: Recipient, subject: str, text: str, link: str = "") -> EmailMessage:
    return composed(settings, to.email, subject, text.format(name=to.display_name, link=link))
