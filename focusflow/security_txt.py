"""Where to report vulnerabilities, as RFC 9116 writes it. The API and the dashboard show it under the same path."""

from datetime import datetime, timedelta

from focusflow.settings import Settings

PATH = "/.well-known/security.txt"
LIFETIME = timedelta(days=180)


def security_txt(settings: Settings, now: datetime) -> str | None:
    """The text, if the installation names a contact."""
    if settings.security_contact is None:
        return None
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {now + LIFETIME:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: en",
        f"Canonical: {settings.public_api_address}{PATH}",
        f"Canonical: {settings.dashboard_address}{PATH}",
    ]
    return "\n".join(lines) + "\n"
