"""Every email is a folder: its subject, text and HTML say the same, and nothing in them can come from a stranger's hand unescaped."""

import re
import unicodedata
from html import unescape

import pytest
from jinja2 import UndefinedError

from focusflow import locales
from focusflow.i18n import LANGUAGES
from reports.render import MAILS, render_email, subject_line
from tests.unit.reports.gallery import ACCOUNT, gallery

NAMES = {name.partition("/")[0] for name in MAILS.list_templates() if "/" in name}


@pytest.fixture
def emails(facts):
    return gallery(facts)


def words(html):
    """What a reader of the HTML sees."""
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", body))


def test_every_folder_is_rendered_here(emails):
    assert emails.keys() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_subject_is_one_short_line(emails, name):
    subject = emails[name].subject
    assert 0 < len(subject) <= 78
    assert not {unicodedata.category(each) for each in subject} & {"Cc", "Zl", "Zp"}
    assert "\u202e" not in subject


@pytest.mark.parametrize("name", sorted(NAMES))
def test_text_and_html_say_the_same_numbers(emails, name):
    def numbers(text):
        return set(re.findall(r"\d+", re.sub(r"https?://\S+", "", text)))

    in_bars = {"100"}  # the text says "40 of 100" where the HTML draws a bar
    assert numbers(emails[name].text) - in_bars == numbers(words(emails[name].html)) - in_bars


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_email_needs_no_images_and_has_one_button_in_both_forms(emails, name):
    email = emails[name]
    assert "<img" not in email.html
    assert email.html.count("display:inline-block") == 1
    assert "prefers-color-scheme: dark" in email.html
    for link in re.findall(r'href="([^"]+)"', email.html):
        assert unescape(link) in email.text


def test_a_hostile_title_stays_text(emails):
    email = emails["notification"]
    assert "&lt;img" in email.html
    assert "{{ 7 * 7 }}" in email.text
    assert email.subject.startswith('<img src="x"> Bcc: x@example.com')


def test_a_variable_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        render_email("verify_email", link="https://focusflow.example")


def test_a_subject_keeps_emoji_and_accents():
    assert subject_line("Fällig heute: 👩\u200d💻") == "Fällig heute: 👩\u200d💻"


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("name", sorted(ACCOUNT))
def test_an_account_email_speaks_the_language_of_its_user(name, language):
    english = render_email(name, **ACCOUNT[name])
    with locales.using(language):
        email = render_email(name, **ACCOUNT[name])
    assert email.subject != english.subject
    assert f'<html lang="{language}">' in email.html
    for sentence in re.findall(r"[A-Z]\w+(?: [\w']+){3,}", english.text.replace(ACCOUNT[name].get("change", "?"), "")):
        assert sentence not in email.text
