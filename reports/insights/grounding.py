"""Every number in a text must be in the facts. A text with one that is not there is not shown, however well it reads."""

import re
from collections.abc import Iterable, Mapping

from reports.insights.writer import Insights, Remark

#: Any number. A comma belongs to it only before three digits; else it ends a clause.
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")

#: Numbers in letters, which the figures cannot be searched for. "One" is left: "the one thing" is no number.
SPELLED = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?"
    r"|thousands?|millions?|dozens?|twice|doubled?|tripled?|half|halved|quarter|third|per ?cent)\b",
    re.IGNORECASE,
)

#: What no plain sentence has, and what makes a mail program or a page do something.
UNPLAIN = re.compile(
    r"[<>\[\]{}`|\\@#%_*~\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
    r"|[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u218b\u2460-\u249b\u2776-\u2793]"  # numbers that are no digits
    r"|://|www\.|\b(javascript|mailto|data|tel|file):|\w\.[a-z]{2,}\b",
    re.IGNORECASE,
)


#: Words that say how something compares, and the trend that must bear them out.
COMPARED = {
    "higher": re.compile(
        r"\b(more|higher|better|longer|up|above|rose|risen|rising|grew|grown|growing|increas\w+|improv\w+|climb\w+|record|best)\b",
        re.IGNORECASE,
    ),
    "lower": re.compile(
        r"\b(less|fewer|lower|worse|shorter|down|below|fell|fallen|falling|dropp\w+|declin\w+|decreas\w+|shrank|slipp\w+)\b",
        re.IGNORECASE,
    ),
}


def unearned(insights: Insights, compared: Mapping[str, str]) -> list[str]:
    """What an observation says of more or less, though no figure that it cites lies outside of what is usual on that side.

    A suggestion may speak of more or less: it says what to do, not what was.
    """
    remarks = [(insights.headline, [*compared.values()])]
    remarks += [
        (each.text, [compared.get(cited.metric, "") for cited in each.evidence]) for each in insights.observations
    ]
    return [
        f"{found[0]!r} is not what is known of the trend"
        for text, trends in remarks
        for trend, words in COMPARED.items()
        if trend not in trends
        for found in words.finditer(text)
    ]


def unplain(insights: Insights) -> list[str]:
    """What is more than plain words: markup, addresses, hidden characters, numbers in letters.

    >>> from reports.insights.writer import Evidence
    >>> remark = Remark(text="Look at evil.example now", evidence=[Evidence(metric="tasks", value=1)])
    >>> unplain(Insights(headline="Twice as much", observations=[remark, remark], suggestions=[remark]))[:2]
    ["'Twice' is a number in letters", "'l.example' is not plain text"]
    """
    texts = [insights.headline, *(remark.text for remark in (*insights.observations, *insights.suggestions))]
    found = [f"{word[0]!r} is a number in letters" for text in texts for word in SPELLED.finditer(text)]
    return found + [f"{sign[0]!r} is not plain text" for text in texts for sign in UNPLAIN.finditer(text)]


def ungrounded(insights: Insights, facts: Mapping[str, float]) -> list[str]:
    """What the text claims without a ground: numbers no fact has, and evidence that is not a fact."""
    remarks = [*insights.observations, *insights.suggestions]
    wrong = [
        f"{each.metric} = {each.value:g}"
        for remark in remarks
        for each in remark.evidence
        if not _is_fact(each.metric, each.value, facts)
    ]
    wrong += _strange(insights.headline, facts.values())
    for remark in remarks:
        wrong += _strange(remark.text, _cited(remark, facts))
    return wrong


def _is_fact(metric: str, value: float, facts: Mapping[str, float]) -> bool:
    """It may be rounded, as the text rounds it."""
    return metric in facts and value in {facts[metric], round(facts[metric], 1), round(facts[metric])}


def _cited(remark: Remark, facts: Mapping[str, float]) -> Iterable[float]:
    """A sentence may use the numbers that it cites and no others: one that happens to be another metric's says something else."""
    return [facts[each.metric] for each in remark.evidence if each.metric in facts]


def _strange(text: str, allowed: Iterable[float]) -> list[str]:
    """
    >>> _strange("12 of 15 done", [12.0, 15.2])
    []
    >>> _strange("1,200 done, up 40%", [1200])
    ['40']
    """
    known = {f"{value:.{digits}f}" for value in allowed for digits in (0, 1)}
    return [found for found in NUMBER.findall(text) if found.replace(",", "") not in known]
