"""True sentences pass the checks of generated text, and false ones do not, however they are put."""

import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from reports.insights.service import rejections
from reports.insights.writer import Evidence, Insights, Remark, Topic

FACTS = {
    "tasks_created": 15, "tasks_completed": 12, "tasks_completed_with_due": 5, "tasks_completed_on_time": 4, "tasks_open": 21, "tasks_overdue": 3,
    "goals_progressed": 2, "goals_completed": 1, "habits_scheduled": 7, "habits_completed": 6, "focus_minutes": 605.0, "meeting_minutes": 90.0,
    "productivity_score": 42.5, "days": 7, "tasks_completed_before": 9, "focus_minutes_before": 700.0, "tasks_overdue_before": 2,
    "productivity_score_before": 44.0, "tasks_completed_usual_low": 7.0, "tasks_completed_usual_high": 10.0, "focus_minutes_usual_low": 400.0,
    "focus_minutes_usual_high": 650.0, "productivity_score_usual_low": 45.0, "productivity_score_usual_high": 60.0,
}  # fmt: skip
TRENDS = {"tasks_completed": "higher", "focus_minutes": "usual", "productivity_score": "lower"}
TOPIC = Topic("insights", "insights", UUID(int=1), "Europe/Berlin", "week", FACTS, TRENDS)
PLAIN = Remark(text="You completed 12 tasks.", evidence=[Evidence(metric="tasks_completed", value=12)])

#: What the checks reach on the sentences of the file, which docs/reports.md reports.
LEAST_CAUGHT, MOST_REJECTED = 1.0, 0.03


def sentences():
    lines = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()
    return [[part.strip() for part in line.split("|")] for line in lines if not line.startswith("#")]


def is_accepted(place, cites, text):
    """Whether a text passes in the place where a service put it."""
    evidence = [Evidence(metric=name, value=FACTS[name]) for name in cites.split()]
    remark = Remark(text=text, evidence=evidence) if evidence else PLAIN
    observed, advised = (remark, PLAIN) if place == "o" else (PLAIN, remark)
    headline = text if place == "h" else "A week."
    return not rejections(Insights(headline=headline, observations=[observed, PLAIN], suggestions=[advised]), TOPIC)


def test_false_sentences_are_refused_and_true_ones_shown(capsys):
    found = [(kind, text, is_accepted(place, cites, text)) for kind, place, cites, text in sentences()]
    total = Counter(kind == "true" for kind, _, _ in found)
    missed = [(kind, text) for kind, text, shown in found if kind != "true" and shown]
    rejected = [text for kind, text, shown in found if kind == "true" and not shown]
    caught = 1 - len(missed) / total[False]
    with capsys.disabled():
        rejection = f"{len(rejected) / total[True]:.1%} of {total[True]} true ones"
        sys.stdout.write(f"\nRefused: {caught:.1%} of {total[False]} false sentences, {rejection}.\n")
    assert sum(total.values()) >= 300
    assert caught >= LEAST_CAUGHT, missed
    assert len(rejected) <= MOST_REJECTED * total[True], rejected


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in sentences()}))
def test_each_class_of_sentences_has_examples(kind):
    assert sum(each == kind for each, *_ in sentences()) >= 9
