"""Texts in the languages of users: every message has a translation with the same placeholders and all plural forms, and none is left over."""

import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from focusflow import i18n, locales
from focusflow.i18n.extraction import template
from focusflow.score_reasons import TEXTS, reason_text

OTHERS = i18n.LANGUAGES[1:]


@cache
def messages():
    return template()


@cache
def catalog(language):
    with i18n.catalog_path(language).open("rb") as file:
        return read_po(file, language)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_catalogs_of_these_languages():
    assert i18n.LANGUAGES == ("en", "de", "es", "fr")


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_has_the_messages_of_the_code_and_no_others(language):
    """`python -m focusflow.i18n` brings them up to date."""

    def keys(found):
        return {(each.context, each.id) for each in found if each.id}

    assert keys(catalog(language)) == keys(messages())
    assert not catalog(language).obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_in_all_its_plural_forms(language):
    for each in catalog(language):
        if each.id:
            forms = each.string if each.pluralizable else (each.string,)
            assert all(forms), each.id
            assert not each.fuzzy, each.id
            assert len(forms) == (catalog(language).num_plurals if each.pluralizable else 1), each.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_placeholders_of_its_message(language):
    for each in catalog(language):
        for source, text in zip(each.id, each.string, strict=True) if each.pluralizable else [(each.id, each.string)]:
            assert fields(text) == fields(source), source


@pytest.mark.parametrize(
    ("language", "zero", "one", "many"),
    [
        ("de", "0 Tage", "1 Tag", "1.200 Tage"),
        ("fr", "0 jour", "1 jour", "1\u202f200 jours"),
        ("es", "0 días", "1 día", "1200 días"),
    ],
)
def test_numbers_choose_the_plural_form_of_the_language(language, zero, one, many):
    with locales.using(language):
        said = [i18n.ngettext("{n} day", "{n} days", number) for number in (0, 1, 1200)]
    assert said == [zero, one, many.replace("1200", locales.count(1200, "es"))]


def test_a_language_without_a_catalog_is_answered_in_english_with_its_own_numbers():
    with locales.using("nl"):
        assert i18n.ngettext("{n} day", "{n} days", 1200) == "1.200 days"


def test_a_text_is_that_of_the_innermost_locale():
    with locales.using("fr"):
        with locales.using("de-AT"):
            assert i18n.gettext("Sign in") == "Anmelden"
        assert i18n.gettext("Sign in") == "Se connecter"
    assert i18n.gettext("Sign in") == "Sign in"


def test_values_are_not_taken_for_placeholders():
    assert i18n.gettext("Time for: {habit}", habit="{read}") == "Time for: {read}"


def test_every_reason_of_a_score_has_a_translation():
    source = (Path(i18n.__file__).parents[2] / "models" / "serving" / "reasons.py").read_text(encoding="utf-8")
    known = {re.sub(r"\{n\}", "{}", text) for each in TEXTS for text in (each if isinstance(each, tuple) else (each,))}
    written = re.findall(r'(?:lit|format)\("([^"{}]*(?:\{\}[^"{}]*)*)"', source)
    assert {re.sub(r"\d+", "{}", text) for text in written if text != "{} priority"} <= known
    with locales.using("de"):
        assert reason_text("blocks 3 other tasks") == "blockiert 3 andere Aufgaben"
        assert reason_text("1 day overdue") == "1 Tag überfällig"


def test_french_signs_stay_with_the_word_before_them():
    """A no-break space before a colon, a narrow one before the others, and no-break spaces inside of quotes."""
    for each in catalog("fr"):
        for text in each.string if each.pluralizable else (each.string,):
            assert not re.search(r" [:;?!](?=\s|$)|« | »|\d %", text), text
