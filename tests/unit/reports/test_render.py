"""One content, three forms: each says the same, and nothing that a user wrote becomes markup."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from focusflow.clock import Period
from reports.insights.local import by_rule
from reports.periods.content import build_report
from reports.periods.details import Details, Goal, Slipped, Task
from reports.periods.facts import NOT_COMPARED, TOO_LITTLE_DATA, Usual
from reports.render import Links, render_report, report_json
from tests.unit.reports.conftest import ADA, COUNTS, WEEK


def test_text_html_and_json_carry_every_number(facts):
    report = build_report(facts)
    made = render_report(report)
    for line in (*report.lines, *(line for part in report.parts for line in part.lines)):
        assert line.value in made.text
        assert line.value in made.html
    assert [line["value"] for line in orjson.loads(report_json(report))["lines"]] == [
        line.value for line in report.lines
    ]
    assert made.subject == "Week 43, 2026: score 42, 12 done, 3 slipping"


def test_the_headline_says_how_much_is_usual(facts):
    assert build_report(facts).headline == "12 tasks completed: more than is usual for you (7 to 10)."


def test_of_a_week_that_goes_on_the_headline_says_once_how_far_it_came(facts):
    usual = {name: replace(each, trend="running") for name, each in facts.usual.items()}
    report = build_report(replace(facts, usual=usual))
    assert report.headline == "12 tasks completed so far; 7 to 10 are usual."
    assert "not over yet" not in str(report)


def test_a_day_without_a_score_has_no_bar(facts):
    made = render_report(build_report(facts))
    assert made.html.count("height:8px") == 6
    assert "Sun 25: no score" in made.text


def test_a_name_is_text_and_never_markup_or_a_header(facts):
    hostile = replace(ADA, name='<script>alert("1")</script>\r\nBcc: x@example.com 😀' + "a" * 500)
    made = render_report(build_report(replace(facts, user=hostile)))
    assert "<script" not in made.html
    assert "😀" in made.html
    assert "\n" not in made.subject


def test_the_mail_asks_for_nothing_from_elsewhere(facts):
    html = render_report(build_report(facts)).html
    assert not any(each in html for each in ("http:", "https:", "src=", "@import", "url("))


def test_an_empty_week_is_one_kind_line_without_zeros(facts):
    empty = dict.fromkeys(facts.totals, 0) | {"productivity_score": None}
    report = build_report(replace(facts, totals=empty))
    assert report.is_empty
    assert (report.lines, report.bars, report.parts) == ((), (), ())
    assert "That is fine" in render_report(report).text


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (WEEK, "this week"), (Period.month_of(WEEK.first), "this month"), (Period.between(WEEK.first, WEEK.last), "in these days"),
    ],
)  # fmt: skip
def test_a_time_that_has_just_begun_is_not_called_a_lost_one(facts, period, words):
    """On a Monday morning, before anything was done."""
    empty = dict.fromkeys(facts.totals, 0) | {"productivity_score": None}
    begun = replace(facts, totals=empty, period=period, as_of=datetime(2026, 10, 19, 0, 30, tzinfo=UTC))
    report = build_report(begun, Details(next=(Task("Call mum", "due today"),)))
    assert report.headline == f"Nothing recorded {words} yet. One small task is a good start."
    assert (report.lines, report.bars, [part.title for part in report.parts]) == ((), (), ["Start with these"])
    assert "Call mum" in render_report(report).html


@pytest.mark.parametrize(("hours", "is_running"), [(-1, True), (0, False)])
def test_a_week_runs_until_midnight_on_the_users_own_clock(facts, hours, is_running):
    end = WEEK.bounds(ADA.timezone)[1]
    assert replace(facts, as_of=end + timedelta(hours=hours)).is_running == is_running


def test_what_is_unusual_stands_before_what_is_not(facts):
    usual = {**facts.usual, "productivity_score": Usual(10.0, 30.0, "higher")}
    metrics = [line.metric for line in build_report(replace(facts, usual=usual)).lines]
    assert metrics[:3] == ["tasks_completed", "productivity_score", "focus_minutes"]
    assert [line.metric for line in build_report(facts).lines][:3] == [
        "tasks_completed",
        "focus_minutes",
        "productivity_score",
    ]


def test_too_little_data_is_reported_once(facts):
    new = replace(facts, usual=dict.fromkeys(facts.usual, TOO_LITTLE_DATA))
    assert render_report(build_report(new)).text.count("too little data") == 1


def test_a_time_that_names_its_days_names_them_once(facts):
    assert build_report(facts).when == "Week 43, 2026: 19–25 Oct 2026"
    for period in (Period.month_of(WEEK.first), Period.between(date(2026, 9, 1), date(2026, 11, 20))):
        report = build_report(replace(facts, period=period))
        assert report.when == report.label
        assert render_report(report).html.count(report.label) == 2  # its title, and once for the eye


def test_no_section_has_more_than_five(facts):
    many = dict.fromkeys(COUNTS, 40)
    details = Details(
        slipped=tuple(Slipped(f"Task {n}", WEEK.first) for n in range(4)),
        goals=tuple(Goal(f"Goal {n}", 50.0, 1.0, -12.0, WEEK.last, WEEK.first, None) for n in range(5)),
    )
    given = replace(facts, totals={**facts.totals, **many})
    report = build_report(given, details, [*by_rule(given).observations, *by_rule(given).suggestions])
    assert {len(part.lines) for part in report.parts} <= {1, 2, 3, 4, 5}
    assert len(report.lines) <= 5


def test_what_slipped_is_named_and_a_goal_is_drawn(facts):
    details = Details(
        slipped=(Slipped("Send the invoice", date(2026, 10, 20)), Slipped("Call <b>mum</b>", date(2026, 10, 24))),
        goals=(Goal("Read 24 books", 44.0, 4.0, -12.0, date(2026, 12, 31), date(2026, 12, 20), date(2027, 3, 1)),),
    )
    made = render_report(build_report(facts, details))
    assert "- Send the invoice (due 20 Oct)" in made.text
    assert (
        "- Read 24 books: 44% (+4 points in this period; 12 points behind; due 31 Dec 2026;"
        " likely reached between December 2026 and March 2027)"
    ) in made.text
    assert "width:44%;height:6px" in made.html
    assert "Call &lt;b&gt;mum" in made.html
    only_one = replace(facts, totals={**facts.totals, "tasks_overdue": 1})
    assert "mum" not in render_report(build_report(only_one, details)).text


def test_no_score_is_no_line_instead_of_a_zero(facts):
    without = build_report(replace(facts, totals={**facts.totals, "productivity_score": None}))
    assert "productivity_score" not in {line.metric for line in without.lines}


def test_the_chart_marks_today_days_off_and_days_to_come(facts):
    scores = {0: 40.0, 1: None, 2: None, 3: 70.0}
    days = tuple(
        {"local_date": WEEK.first + timedelta(days=n), "productivity_score": score, "is_day_off": n == 1}
        for n, score in scores.items()
    )
    thursday = datetime(2026, 10, 22, 15, tzinfo=UTC)
    report = build_report(replace(facts, days=days, as_of=thursday))
    assert [bar.value_text for bar in report.bars] == [
        "40", "day off", "no score", "70 so far", "to come", "to come", "to come",
    ]  # fmt: skip
    made = render_report(report)
    assert "70 of 100, so far" in made.text
    assert "70 so far" in made.html


def test_what_is_no_week_or_month_says_nothing_of_what_is_usual(facts):
    days = Period.between(WEEK.first, WEEK.first + timedelta(days=19))
    some_days = replace(facts, period=days, usual=dict.fromkeys(facts.usual, NOT_COMPARED))
    text = render_report(build_report(some_days)).text + by_rule(some_days).headline
    assert "12 tasks completed." in text
    assert "usual" not in text


@pytest.mark.parametrize(
    ("days", "title", "bars", "first"),
    [(14, "Score by day", 14, "Thu 1"), (31, "Score by week", 5, "from 1 Jan"), (92, "Score by week", 14, "from 1 Jan"), (365, "Score by month", 12, "January 2026")],
)  # fmt: skip
def test_a_long_time_is_charted_by_week_or_month(facts, days, title, bars, first):
    period = Period.between(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days - 1))
    rows = tuple({"local_date": day, "productivity_score": 40.0 if day.day % 2 else None} for day in period)
    report = build_report(replace(facts, period=period, days=rows))
    assert (report.chart_title, len(report.bars)) == (title, bars)
    assert report.bars[0].label == first
    assert {bar.value for bar in report.bars} <= {40.0, None}


def test_days_stand_beside_what_they_came_to_and_nothing_to_draw_takes_no_column(facts):
    days = tuple({**row, "tasks_completed": n, "focus_minutes": 0.0} for n, row in enumerate(facts.days))
    report = build_report(replace(facts, days=days))
    assert (report.chart_title, report.measures) == ("Day by day", ("Completed",))
    assert [bar.measures[0].value for bar in report.bars] == list("0123456")
    assert report.bars[-1].measures[0].share == 1.0
    assert "Sat 24: 45 of 100; Completed 5" in render_report(report).text


def test_three_tasks_to_begin_with_lead_to_the_dashboard_and_are_not_named_again(facts):
    tasks = tuple(Task(f"Task {n}", "due today", f"id-{n}") for n in range(5))
    details = Details(next=tasks, slipped=(Slipped("Task 1", WEEK.first, "id-1"), Slipped("Other", WEEK.first, "id-9")))
    report = build_report(facts, details, by_rule(facts).suggestions)
    made = render_report(report, Links("https://focusflow.example/unsubscribe", "https://focusflow.example"))
    for form in (made.html, made.text):
        assert [form.count(f"https://focusflow.example/tasks?task=id-{n}") for n in range(5)] == [1, 1, 1, 0, 0]
        assert "https://focusflow.example/tasks?task=id-9" in form
        assert "Suggestions" not in form  # about what is overdue, which stands there already
    assert made.text.count("Task 1") == 1
    assert "href" not in render_report(report).html
    assert report.preheader == "Next: Task 0 · Task 1 · Task 2"


def test_numbers_say_how_they_changed(facts):
    before = {**facts.before, "focus_minutes": 180.0, "productivity_score": 42.4}
    notes = {line.metric: line.note for line in build_report(replace(facts, before=before)).lines}
    assert notes["tasks_completed"] == "+3 from the week before"
    assert notes["focus_minutes"] == "−45 min from the week before; as usual for you"
    assert notes["productivity_score"].startswith("as much as the week before")
