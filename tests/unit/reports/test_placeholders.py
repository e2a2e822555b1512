"""A service names facts in braces; code prints them, and what it prints passes the checks."""

from dataclasses import replace

import pytest

from focusflow.durations import exact_duration
from reports.insights.placeholders import PRINTED, filled
from reports.insights.service import rejections
from reports.insights.writer import Evidence, Insights, Remark
from tests.unit.reports.test_sentences import PLAIN, TOPIC

PLAN = replace(
    TOPIC,
    kind="plan words",
    prompt="plan",
    period="day",
    compared={},
    numbers={"tasks_planned": 4, "minutes_planned": 210, "minutes_free": 300, "tasks_left_out": 2},
)


def insights_of(text, topic=TOPIC, cites="tasks_completed"):
    """A text as it would be shown, and what is wrong with it."""
    cited = cites if cites in topic.numbers else next(iter(topic.numbers))
    remark = Remark(text=text, evidence=[Evidence(metric=cited, value=topic.numbers[cited])])
    other = PLAIN if topic is TOPIC else remark
    whole = filled(Insights(headline="A look at it.", observations=[remark, other], suggestions=[other]), topic)
    return whole.observations[0], rejections(whole, topic)


@pytest.mark.parametrize("name", [name for name in PRINTED if name in TOPIC.numbers])
@pytest.mark.parametrize("value", [0, 1, 12, 1135.4])
def test_every_fact_is_printed_with_its_noun_and_passes(name, value):
    topic = replace(TOPIC, numbers={**TOPIC.numbers, name: value})
    remark, wrong = insights_of(f"You have {{{name}}}.", topic, cites=name)
    assert (exact_duration(value) if name.endswith("_minutes") else f"{value:,}") in remark.text
    assert wrong == []


@pytest.mark.parametrize("name", PLAN.numbers)
def test_every_figure_of_a_plan_is_printed_and_passes(name):
    assert insights_of(f"The day has {{{name}}}.", PLAN, cites=name)[1] == []


def test_trend_range_and_time_before_are_printed_and_pass():
    remark, wrong = insights_of(
        "{tasks_completed}, {tasks_completed.trend}, {tasks_completed.usual}, {tasks_completed.before}."
    )
    assert remark.text == "12 completed tasks, more than is usual for you, usually 7 to 10, 9 the week before."
    assert wrong == []


@pytest.mark.parametrize("trend", ["higher", "lower", "usual", "too_little_data", "running"])
def test_every_trend_that_code_prints_passes(trend):
    topic = replace(TOPIC, compared={**TOPIC.compared, "focus_minutes": trend})
    assert insights_of("{focus_minutes}, {focus_minutes.trend}.", topic, cites="focus_minutes")[1] == []


def test_what_is_printed_is_evidence():
    remark, _ = insights_of("{tasks_overdue} and {tasks_completed}.")
    assert [each.metric for each in remark.evidence] == ["tasks_completed", "tasks_overdue"]


@pytest.mark.parametrize(
    "text",
    [
        "{happiness} is fine.",
        "{tasks_open.trend}.",
        "{habits_completed.before}.",
        "{tasks_completed.better}.",
        "{tasks_completed",
        "{{7*7}}",
    ],
)
def test_a_placeholder_without_a_fact_is_refused(text):
    assert insights_of(text)[1]


@pytest.mark.parametrize(
    "text",
    [
        "{focus_minutes}, more than usual.",
        "{focus_minutes} each day.",
        "{tasks_completed} because of {focus_minutes}.",
        "Not {tasks_completed}.",
        "{tasks_overdue} were completed.",
    ],
)
def test_a_false_claim_around_a_placeholder_is_refused(text):
    assert insights_of(text)[1]
