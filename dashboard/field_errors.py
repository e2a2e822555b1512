"""What the API says is wrong with a field of an account, in the language of the page. The API says it in English, for programs."""

import re
from typing import Final

from focusflow.i18n import gettext as _
from focusflow.i18n import language, mark

DETAIL: Final = re.compile(r"The field (?:body|query)\.(?P<field>\w+) cannot be accepted: (?P<reason>.*)\.", re.DOTALL)

FIELDS: Final = {
    "email": mark("Email"),
    "password": mark("Password"),
    "new_password": mark("New password"),
    "display_name": mark("Name"),
    "title": mark("Title"),
}

#: What is wrong, as the API says it, and as a page does.
REASONS: Final = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r"String should have at least (?P<n>\d+) characters?", mark("it should have at least {n} characters")),
        (r"String should have at most (?P<n>\d+) characters?", mark("it should have at most {n} characters")),
        (r"should be at most (?P<n>\d+) long, not \d+", mark("it should have at most {n} characters")),
        (r"should not be empty", mark("it should not be empty")),
        (r"is not an email address.*", mark("it is not an email address")),
        (r"should be a name.*", mark("it should be a name, without line breaks and web addresses")),
        (r"it is one of those that everybody tries first;.*", mark("it is one of those that everybody tries first")),
        (r"it says the same again and again.*", mark("it says the same again and again, or is a row of keys")),
        (r"it contains your name or email address;.*", mark("it contains your name or email address")),
    )
)


def in_words(detail: str) -> str:
    """The sentence of a problem, in the language of the page where it is known.

    >>> in_words("No task has this id."), in_words("The field body.title cannot be accepted: should not be empty.")
    ('No task has this id.', 'The field body.title cannot be accepted: should not be empty.')
    """
    found = DETAIL.fullmatch(detail)
    if language() == "en" or found is None or found["field"] not in FIELDS:
        return _(detail)
    for pattern, text in REASONS:
        if reason := pattern.fullmatch(found["reason"]):
            return _("{field}: {reason}.", field=_(FIELDS[found["field"]]), reason=_(text, **reason.groupdict()))
    return detail
