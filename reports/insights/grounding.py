"""The checks of generated text: each claim must be borne out by a fact of its own metric. A text with one that is not is not shown, however well it reads.

`unplain` looks for what is no plain sentence, `ungrounded` for figures and quantities that are not facts of the metric that the sentence
names, `unearned` for comparisons that the trend does not bear out and for words that nothing here can check, `misdated` for other periods.
`claims` reads the sentences, `subjects` binds them to metrics.
"""

import re
from collections.abc import Iterator, Mapping

from reports.insights.claims import Segment, read
from reports.insights.comparisons import wrong_comparisons
from reports.insights.quantities import wrong_quantities
from reports.insights.subjects import Scope
from reports.insights.writer import Insights

#: Numbers in letters, which the figures cannot be searched for. "One" is read as a number by the vocabulary: "the one thing" is none.
SPELLED = re.compile(
    r"\b(zero|zilch|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred\w*"
    r"|thousand\w*|[mbtz]illions?|dozens?|couple|pair|by the score|scores? of(?! \d)|twice|thrice|\w+fold|doubl\w+|tripl\w+|quadrupl\w+|quintupl\w+|half|halv\w+"
    r"|quarters?|thirds?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|per ?cent\w*|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-?\w+)\b",
    re.IGNORECASE,
)

#: What no plain sentence has, and what makes a mail program or a page do something.
UNPLAIN = re.compile(
    r"[<>\[\]{}`|\\@#%_*~\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
    r"|[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u218b\u2460-\u249b\u2776-\u2793]"  # numbers that are no digits
    r"|://|www\.|\b(javascript|mailto|data|tel|file):|\w\.[a-z]{2,}\b",
    re.IGNORECASE,
)


#: Other times, which advice may name as long as it names no figure.
LATER = frozenset(["today", "tomorrow", "tonight", "next", "weekend", "weekday", "weekdays"])


def ungrounded(insights: Insights, facts: Mapping[str, float]) -> list[str]:
    """Evidence that is no fact, and figures and quantities that are not those of the metric that the sentence names."""
    remarks = [*insights.observations, *insights.suggestions]
    wrong = [
        f"{each.metric} = {each.value:g}"
        for remark in remarks
        for each in remark.evidence
        if not _is_fact(each.metric, each.value, facts)
    ]
    for text, scope in _texts(insights, facts):
        for sentence in read(text):
            wrong += wrong_quantities(sentence, scope)
    return wrong


def unearned(insights: Insights, compared: Mapping[str, str], facts: Mapping[str, float] | None = None) -> list[str]:
    """Comparisons that are not what is known of the trend of their metric, and words that nothing here can check."""
    wrong: list[str] = []
    for text, scope in _texts(insights, facts or {}):
        sentences = read(text)
        for sentence in sentences:
            wrong += [f"{word!r} cannot be checked" for segment in sentence for word in _unreadable(segment)]
            wrong += wrong_comparisons(sentence, scope, compared, has_facts=facts is not None)
    return wrong


def _unreadable(segment: Segment) -> list[str]:
    """Words that are not read, and means that are not those of the score: of no other metric is one known."""
    means = [] if segment.is_advice or segment.noun == "score" else ["average", "averaged", "mean"]
    return [*segment.unknown, *(word for word in means if word in segment.words)]


def misdated(insights: Insights, period: str) -> list[str]:
    """Mentions of another time than that of the figures: a figure of a week is none of a month or a day."""
    own = {"some days": {"days", "period"}}.get(period, {period, "period"})
    return [
        f"the figures are not of that {span}"
        for text, _ in _texts(insights, {})
        for sentence in read(text)
        if any(each.figure or each.noun or each.statuses or each.direction for each in sentence)
        for segment in sentence
        for span in sorted(
            (LATER & {*segment.words} if segment.figure else set())
            | ({segment.before} if segment.before and segment.before != "time" else set())
            | segment.spans
        )
        if (not segment.is_advice or segment.figure or segment.before) and span not in own
    ]


def unplain(insights: Insights) -> list[str]:
    """What is more than plain words: markup, addresses, hidden characters, numbers in letters.

    >>> from reports.insights.writer import Evidence, Remark
    >>> remark = Remark(text="Look at evil.example now", evidence=[Evidence(metric="tasks", value=1)])
    >>> unplain(Insights(headline="Twice as much", observations=[remark, remark], suggestions=[remark]))[:2]
    ["'Twice' is a number in letters", "'l.example' is not plain text"]
    """
    texts = [text for text, _ in _texts(insights, {})]
    found = [f"{word[0]!r} is a number in letters" for text in texts for word in SPELLED.finditer(text)]
    return found + [f"{sign[0]!r} is not plain text" for text in texts for sign in UNPLAIN.finditer(text)]


def _texts(insights: Insights, facts: Mapping[str, float]) -> Iterator[tuple[str, Scope]]:
    yield insights.headline, Scope(facts, None)
    for remark in (*insights.observations, *insights.suggestions):
        yield remark.text, Scope(facts, frozenset(each.metric for each in remark.evidence))


def _is_fact(metric: str, value: float, facts: Mapping[str, float]) -> bool:
    """It may be rounded, as the text rounds it."""
    return metric in facts and value in {facts[metric], round(facts[metric], 1), round(facts[metric])}


# What a segment is about
