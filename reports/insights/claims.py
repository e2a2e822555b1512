"""What a text claims: its sentences cut into segments, and in each the numbers, quantifiers and comparisons with the words that say of what.

English only, and only as much of it as can be checked. `vocabulary.toml` lists the words that it knows; any other word makes a sentence
unreadable, and the checks refuse what is unreadable. Which claims hold is the concern of `grounding`.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

VOCABULARY = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8")).items()
}
STATEMENT_WORDS = VOCABULARY["statement"]
ADVICE_WORDS = STATEMENT_WORDS | VOCABULARY["advice"]

NUMBER = r"(?:0(?![,0-9])|[1-9][0-9]*)(?:,[0-9]{3})*(?:\.[0-9]+)?"

#: Several words that are one claim, and the tag that replaces them. Tags are in capitals: the text is in small letters by then.
PHRASES = tuple(
    (re.compile(pattern), tag)
    for pattern, tag in (
        (r"[\u2018\u2019]", "'"),
        (r"n't\b", " not"),
        (r"'(re)\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"\b(it|that|there|what|here)'s\b", r"\1 is"),
        (r"\blet's\b", "let"),
        (r"\b(week|month|day|period)'s\b", r"\1"),
        (r"\bto-?dos?\b", "tasks"),
        (r"\btoo little data(?: yet)?(?: to say what is usual)?(?: for you)?|\bnot enough data(?: yet)?(?: to say what is usual)?", "UNKNOWN"),
        (r"\bmostly days off(?:, so not compared)?\b", "DAYSOFF"),
        (r"\b(?:is |are )?not over(?: yet)?\b|\bstill running\b", "RUNNING"),
        (r"\bmet (?:their|its|the) (?:due dates?|deadlines?)|\b(?:on|before|by|ahead of|at or before|on or before) (?:their|its|the) (?:due dates?|deadlines?)|\bon time\b|\bon schedule\b|\bpunctual(?:ly)?\b", "ONTIME"),
        (r"\b(?:still )?(?:past|after|beyond) (?:their|its|the) (?:due )?(?:dates?|deadlines?)|\b(?:have |has )?passed (?:their|its|the) (?:due )?(?:dates?|deadlines?)|\bpast due\b|\boverdue\b", "OVERDUE"),
        (r"\b(?:with|that had|which had|that have|having|had|have|carrying) (?:an? |their )?(?:due dates?|deadlines?)", "WITHDUE"),
        (r"\b(?:do|does|did|could|can) ?not fit\b|\bleft out\b|\bwithout (?:a )?(?:place|room)\b|\bnot fitting\b", "LEFTOUT"),
        (r"\b(?:in |during |for |of |than in )?(?:the|your) (week|month|period|time|days?) (?:before|earlier|prior)(?: (?:that|it|this))?\b", r"BEFORE:\1"),
        (r"\b(?:in |during |of )?(?:the |your )?(?:previous|prior|preceding|last) (week|month|period)\b", r"BEFORE:\1"),
        (r"\ba (week|month) (?:before|earlier)\b", r"BEFORE:\1"),
        (r"\b(tasks?|habits?|goals?|minutes?|hours?|points?|focus|meetings?|[0-9]) (?:a|per|each|every) (?:day|week|month|hour|morning|evening|afternoon)\b", r"\1 RATE"),
        (r"\badd(?:ed|s)? up to\b", "came to"),
        (r"\bup to (?=[0-9])", "LIMIT "),
        (r"\bcompares? (with|to)\b", r"compared \1"),
        (r"\bright now\b", "now"),
        (r"\b(?:at|by|until) the end of\b", "of"),
        (r"\bstuck (?:to|with)\b|\bfollow(?:ed)? through on\b|\bstay(?:ed)? on top of\b", "kept"),
        (r"\bprogress (?:was |has been )?made\b", "PROGRESSED"),
        (r"\bcame in\b|\badded to (?:your|the) list\b", "CREATED"),
        (r"\bwent out\b|\bgot done\b|\b(?:ticked|checked|crossed) off\b|\btaken care of\b|\bwrapped up\b|\b(?:put )?behind you\b", "COMPLETED"),
        (r"\b(?:still )?(?:to do|left to do|on (?:your|the) list|waiting)\b", "OPEN"),
        (r"\b(?:made|saw|make) progress\b|\bmov(?:ed|ing) (?:forward|ahead|on|along)\b|\badvanc(?:ed|ing)\b|\bprogressed\b", "PROGRESSED"),
        (r"\bdeep work\b|\bfocus(?:ed)? (?:time|work)\b|\btime in focus\b|\bconcentrated work\b", "focus"),
        (r"\bno longer\b|\bno more(?! than| \w+ than)\b|\bany ?more\b", "ENDED"),
        (r"\b(?:keep|kept) (?:it|this|that) up\b|\bkeep up\b", "keep"),
        (r"\bin (?:line|keeping) with\b|\bon par with\b|\bthe same as\b|\bas (?:many|much) as\b", "SAME"),
        (r"\bto date\b|\bso far\b", "now"),
        (r"\b(?:over|beyond|past) ((?:the |your |what is )?usual)", r"above \1"),
        (r"\bunder ((?:the |your |what is )?usual)", r"below \1"),
        (r"\boutside (?:of )?", "UNUSUAL "),
        (r"\bunusual(?:ly)?\b|\bout of the ordinary\b", "UNUSUAL"),
        (r"\bnew (?:due )?dates?\b", "date"),
        (r"\bdue to\b|\bcame down to\b", "CAUSE"),
    )
)  # fmt: skip

#: What a word says of the metric that a segment is about.
NOUNS = {
    **dict.fromkeys(("task", "tasks", "item", "items"), "task"), **dict.fromkeys(("habit", "habits"), "habit"), **dict.fromkeys(("goal", "goals"), "goal"),
    **dict.fromkeys(("meeting", "meetings", "appointment", "appointments"), "meeting"), **dict.fromkeys(("focus", "focused", "focusing", "concentration"), "focus"),
    **dict.fromkeys(("score", "scores", "productivity"), "score"), "days": "day",
}  # fmt: skip
UNITS = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), "min"), **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), "h"),
    **dict.fromkeys(("point", "points"), "point"),
}  # fmt: skip
STATUSES = {
    **dict.fromkeys(("completed", "complete", "completing", "completion", "completions", "done", "finished", "finishing", "closed", "cleared", "delivered", "handled", "COMPLETED"), "completed"),
    **dict.fromkeys(("created", "added", "new", "CREATED"), "created"), **dict.fromkeys(("open", "pending", "outstanding", "unfinished", "remaining", "remain", "left", "OPEN"), "open"),
    **dict.fromkeys(("scheduled", "planned"), "planned"), "kept": "kept", **dict.fromkeys(("reached", "achieved"), "reached"), "due": "due",
    "OVERDUE": "overdue", "ONTIME": "on time", "WITHDUE": "with due", "PROGRESSED": "progressed", "moved": "progressed", "free": "free",
    "LEFTOUT": "left out", "fit": "planned", "fits": "planned",
}  # fmt: skip

#: Words that compare, by the side of what is usual that they put a metric on. Words that say how far are in no list: nothing says how far.
HIGHER = VOCABULARY["higher"]
LOWER = VOCABULARY["lower"]
USUAL = VOCABULARY["usual"]
#: What advice may say of how much to do, as long as it speaks of no figure.
ADVISED = VOCABULARY["advised"]
ZERO, EVERY = frozenset(("no", "none", "nothing")), frozenset(("all", "every", "everything"))
#: Words of praise, which nobody wants to read over a week that went down.
PRAISE = VOCABULARY["praise"]
SPANS = {"week": "week", "month": "month", "day": "day", "period": "period", "time": "period", "days": "days"}

#: What may stand between a preposition and its figure.
BEFORE_FIGURE = VOCABULARY["before_figure"]
CLAUSE = VOCABULARY["clause"]
JOINING = VOCABULARY["joining"]
AGAINST = VOCABULARY["against"]

#: How advice begins, and words that make a clause advice wherever they stand.
IMPERATIVES = VOCABULARY["imperatives"]
LEADING = VOCABULARY["leading"]
MODAL = VOCABULARY["modal"]
FINITE = VOCABULARY["finite"]
ONWARD = frozenset(["on", "first"])  # after "focus", which begins advice only then

TOKEN = re.compile(
    r"(?P<signed>(?<!\S)[-\u2212+]\d\S*)"
    rf"|(?P<fromto>from\s+{NUMBER}\s+to\s+{NUMBER}(?![\w%]))"
    rf"|(?P<range>(?:between\s+{NUMBER}\s+and\s+{NUMBER}|{NUMBER}\s?(?:to|[\u2013\u2014-])\s?{NUMBER})(?![\w%]))"
    rf"|(?P<ratio>{NUMBER}\s+(?:out\s+)?of\s+(?:the\s+|your\s+|all\s+)?{NUMBER}(?![\w%]))"
    rf"|(?P<clock>{NUMBER}\s?(?:hours?|hrs?|h)\s*(?:and\s+)?{NUMBER}\s?(?:minutes?|mins?|m)\b)"
    rf"|(?P<number>{NUMBER}(?=(?:h|hr|hrs|min|mins|m)\b|[^\w%]|$))"
    r"|(?P<strange>\S*\d\S*)|(?P<tag>[A-Z]+(?::\w+)?)|(?P<word>[^\W\d_]+)|(?P<stop>[.!?;]+)|(?P<pause>[,:()\u2013\u2014-])|(?P<other>\S)"
)
FIGURE = re.compile(NUMBER)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, or two that belong together: a ratio, a range, from one to the other, hours and minutes."""

    kind: str
    text: tuple[str, ...]

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(float(each.replace(",", "")) for each in self.text)


@dataclass(slots=True)
class Segment:
    """A part of a sentence with at most one figure: what its words say it is about, and what they claim of it."""

    words: list[str] = field(default_factory=list)
    words_after: int = 0  # how many of them come after the figure
    figure: Figure | None = None
    is_reference: bool = False  # what something else is compared with
    is_difference: bool = False  # "12 more", "up by 12": no fact is a difference
    is_advice: bool = False
    noun: str | None = None
    nouns: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    unit: str | None = None
    before: str | None = None  # the kind of time before that it speaks of

    def has(self, words: frozenset[str]) -> bool:
        return not words.isdisjoint(self.words)

    @property
    def direction(self) -> str | None:
        """Which side of what is usual it claims; the word itself where it claims one, else None."""
        if self.has(HIGHER):
            return "higher"
        return "lower" if self.has(LOWER) else None

    @property
    def spans(self) -> set[str]:
        """The kinds of time that it speaks of."""
        return {SPANS[word] for word in self.words if word in SPANS and not (word == "days" and self.figure)}

    @property
    def counted_noun(self) -> str | None:
        """What its figure counts: "90 meetings", but not "90 in meetings"."""
        for word in self.words[len(self.words) - self.words_after :]:
            if word in NOUNS or word in JOINING:
                return NOUNS.get(word)
        return None

    @property
    def is_negated(self) -> bool:
        return "not" in self.words or ("no" in self.words and self.direction is not None)

    @property
    def unknown(self) -> list[str]:
        """The words that nothing here can read."""
        known = ADVICE_WORDS if self.is_advice else STATEMENT_WORDS
        return [word for word in self.words if not (word in known or _is_read(word, is_advice=self.is_advice))]


def _is_read(word: str, *, is_advice: bool) -> bool:
    if any(word in each for each in (NOUNS, UNITS, STATUSES, HIGHER, LOWER, USUAL, ZERO, EVERY, PRAISE, SPANS)):
        return True
    if word in ("not", "range", "ranges", "UNKNOWN", "RUNNING", "DAYSOFF", "UNUSUAL") or word.startswith("BEFORE:"):
        return True
    return is_advice and (word in IMPERATIVES or word in ("ENDED", "RATE"))


def read(text: str) -> list[list[Segment]]:
    """A text as sentences of segments."""
    sentences: list[list[Segment]] = [[Segment()]]
    is_advice = False
    for kind, token in _tokens(text):
        sentence = sentences[-1]
        if kind == "stop":
            sentences.append([Segment()])
            continue
        if kind == "pause" or token in CLAUSE:
            sentence.append(Segment(words=[token] if kind != "pause" else []))
            continue
        if kind in ("fromto", "range", "ratio", "clock", "number"):
            _add_figure(sentence, Figure(kind, tuple(FIGURE.findall(token))))
            continue
        last = sentence[-1]
        is_next = all(word in UNITS for word in last.words[len(last.words) - last.words_after :])
        if last.figure and not last.is_reference and is_next and token in HIGHER | LOWER:
            last.is_difference = True
        last.words_after += 1 if last.figure else 0
        last.words.append(token)
    for sentence in sentences:
        is_advice = False
        sentence[:] = [segment for segment in sentence if segment.words or segment.figure]
        for segment in sentence:
            is_advice = segment.is_advice = _is_advice(segment, continues=is_advice)
            _describe(segment)
        _date(sentence)
        _measure(sentence)
    return [sentence for sentence in sentences if sentence]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    text = text.lower()
    for pattern, tag in PHRASES:
        text = pattern.sub(tag, text)
    for found in TOKEN.finditer(text):
        assert found.lastgroup
        yield found.lastgroup, found[0]


def _add_figure(sentence: list[Segment], figure: Figure) -> None:
    """Into the last segment; into one of its own where that has a figure, or a preposition leads over to this one."""
    last = sentence[-1]
    lead: list[str] = []
    while last.words and last.words[-1] in BEFORE_FIGURE | AGAINST | JOINING:
        lead.insert(0, last.words.pop())
    is_reference = not AGAINST.isdisjoint(lead) and lead != ["to"]
    if last.figure is None and not is_reference and (not (set(lead) & JOINING) or not _says_what(last)):
        last.is_difference = (last.words + lead)[-1:] == ["by"]
        last.words += lead
        last.figure = figure
        return
    if last.figure is None and is_reference:
        last.words += [word for word in lead if word in HIGHER | LOWER]
    sentence.append(
        Segment(words=[word for word in lead if word not in HIGHER | LOWER], figure=figure, is_reference=is_reference)
    )


def _says_what(segment: Segment) -> bool:
    """Whether it has a claim of its own, which a figure after a preposition does not belong to: "more than usual in 135 minutes"."""
    return segment.has(USUAL)


def _is_advice(segment: Segment, *, continues: bool) -> bool:
    """Whether it says what to do. What goes on after advice is advice, unless it states something."""
    words = [word for word in segment.words if word not in CLAUSE]
    while words and words[0] in LEADING:
        words = words[1:]
    if segment.has(MODAL):
        return True
    if words and words[0] in IMPERATIVES:
        following = words[1] if len(words) > 1 else ""
        return following in ONWARD if words[0] == "focus" else following not in FINITE
    states = (
        segment.has(FINITE)
        or "you" in words[:1]
        or "your" in words[:1]
        or any(word.startswith("BEFORE") for word in words)
    )
    return continues and not states


def _describe(segment: Segment) -> None:
    segment.nouns = {NOUNS[word] for word in segment.words if word in NOUNS}
    segment.noun = next((NOUNS[word] for word in segment.words if word in NOUNS), None)
    segment.unit = next((UNITS[word] for word in segment.words if word in UNITS), None)
    if segment.figure and segment.figure.kind == "clock":
        segment.unit = "clock"
    segment.statuses = {STATUSES[word] for word in segment.words if word in STATUSES}
    segment.before = next((word.partition(":")[2] for word in segment.words if word.startswith("BEFORE:")), None)


def _date(sentence: list[Segment]) -> None:
    """A segment that only says when dates the figure before it, or else the one after it: "the week before, 9 tasks were done"."""
    for place, segment in enumerate(sentence):
        if (
            not segment.before
            or segment.figure
            or segment.noun
            or segment.statuses
            or segment.has(HIGHER | LOWER | USUAL | AGAINST)
        ):
            continue
        for each in (*sentence[:place][::-1], *sentence[place + 1 :]):
            if each.figure:
                each.before = each.before or segment.before
                break


def _measure(sentence: list[Segment]) -> None:
    """A figure without a unit has that of the label beside it: "focus hours: 12", "12, in hours"."""
    for place, segment in enumerate(sentence):
        if segment.figure and segment.unit is None:
            beside = sentence[max(0, place - 1) : place + 2]
            segment.unit = next((each.unit for each in beside if each.unit and not each.figure), None)
