"""Texts in the language of who is served now (`focusflow.locales`). The English text is the message id, and what is said where there is no translation.

A message is a literal, with its values in braces: `_("Due {day}", day=…)`. `python -m focusflow.i18n` collects the messages for the catalogs in
`locale/`, which are read as they are: there is no compiled form that could differ from them.
"""

import gettext as catalogs
import re
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from focusflow import locales

FOLDER: Final = Path(__file__).with_name("locale")

#: One language of a browser's header.
ACCEPTED: Final = re.compile(
    r"(?P<tag>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q=(?P<weight>[01](?:\.\d{0,3})?))?"
)

#: English, and the languages that have a catalog.
LANGUAGES: Final = ("en", *sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))


def preferred(accept_language: str, default: str = locales.DEFAULT) -> str:
    """The first locale of a browser's header that formats are known for.

    >>> preferred("tlh, de-AT;q=0.9, en;q=0.8"), preferred("fr;q=0.2, es-MX"), preferred("*", "de"), preferred("")
    ('de-AT', 'es-MX', 'de', 'en')
    """
    found = [ACCEPTED.fullmatch(each.strip()) for each in accept_language[:400].split(",")]
    by_weight = sorted((each for each in found if each), key=lambda each: -float(each["weight"] or 1))
    return next((tag for each in by_weight if locales.is_known(tag := locales.tag(each["tag"]))), default)


def language() -> str:
    """The language of who is served now, of those that there are.

    >>> with locales.using("de-AT"):
    ...     language()
    'de'
    """
    spoken = locales.locale_of(locales.current()).language
    return spoken if spoken in LANGUAGES else "en"


def gettext(message: str, /, **values: Any) -> str:
    """
    >>> with locales.using("de"):
    ...     gettext("Sign in")
    'Anmelden'
    """
    return _filled(_catalog(language()).gettext(message) if message else "", values)


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """For a short text that other languages say differently where it means something else."""
    return _filled(_catalog(language()).pgettext(context, message), values)


def ngettext(one: str, many: str, number: float, /, **values: Any) -> str:
    """By number, which `{n}` stands for as the locale writes it.

    >>> ngettext("{n} task", "{n} tasks", 1), ngettext("{n} task", "{n} tasks", 1200)
    ('1 task', '1,200 tasks')
    """
    text = _catalog(language()).ngettext(one, many, round(number))
    return _filled(text, {"n": locales.count(number), **values})


def mark(message: str) -> str:
    """A message that is translated where it is shown: that of a constant."""
    return message


def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text


@lru_cache
def _catalog(of_language: str) -> catalogs.NullTranslations:
    if of_language == "en":
        return catalogs.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with catalog_path(of_language).open("rb") as file:
        catalog = read_po(file, of_language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return catalogs.GNUTranslations(compiled)


def catalog_path(of_language: str) -> Path:
    return FOLDER / of_language / "LC_MESSAGES" / "focusflow.po"
