"""A report speaks the language of its user, and writes dates and numbers as where the user is from, in each form."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from focusflow.locales import first_weekday
from reports.periods.content import build_report
from reports.render import render_report
from tests.unit.reports.conftest import ADA

#: The span of the week, its first day in the chart, a count of tasks, and when the numbers were made.
WRITTEN = {
    "en": ("19–25 Oct 2026", "Mon 19", "1,234", "26 Oct 2026, 07:00"),
    "en-US": ("Oct 19 – 25, 2026", "19 Mon", "1,234", "Oct 26, 2026, 7:00 AM"),
    "en-GB": ("19–25 Oct 2026", "Mon 19", "1,234", "26 Oct 2026, 07:00"),
    "de": ("19.–25. Okt. 2026", "Mo., 19.", "1.234", "26.10.2026, 07:00"),
    "fr": ("19–25 oct. 2026", "lun. 19", "1 234", "26 oct. 2026, 07:00"),
    "es": ("19–25 de octubre de 2026", "lun 19", "1.234", "26 oct 2026, 7:00"),
    "ar": (
        "\u206719–25 أكتوبر 2026\u2069",
        "\u2067الاثنين، 19\u2069",
        "1,234",
        "\u206726\u200f/10\u200f/2026، 7:00 ص\u2069",
    ),
}

COMPLETED = {"de": "{} Aufgaben erledigt", "fr": "{} tâches terminées", "es": "{} tareas completadas"}


def plain(text: str) -> str:
    """Spaces that do not break, as the others."""
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("\u2009", " ")


@pytest.mark.parametrize("locale", WRITTEN)
def test_dates_and_numbers_follow_the_locale_in_every_form(facts, locale):
    mine = replace(
        facts, user=replace(ADA, locale=locale), totals={**facts.totals, "tasks_completed": 1234},
        as_of=datetime(2026, 10, 26, 6, tzinfo=UTC),
    )  # fmt: skip
    made = render_report(build_report(mine))
    span, first, count, as_of = WRITTEN[locale]
    for form in (made.html, made.text):
        for said in (span, first, COMPLETED.get(locale[:2], "{} tasks completed").format(count), as_of):
            assert plain(said) in plain(form)


def test_what_nobody_knows_is_written_in_english(facts):
    assert (
        render_report(build_report(replace(facts, user=replace(ADA, locale="tlh")))).html
        == render_report(build_report(facts)).html
    )


@pytest.mark.parametrize(
    ("locale", "day"), [("en", 0), ("en-US", 6), ("en-GB", 0), ("de", 0), ("ar-EG", 5), ("tlh", 0)]
)
def test_a_week_begins_as_it_does_where_a_user_is_from(locale, day):
    assert first_weekday(locale) == day
