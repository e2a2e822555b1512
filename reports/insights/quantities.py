"""Figures and quantities of a text: each must be a fact of the metric that its sentence names."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reports.insights.claims import EVERY, FIGURE, USUAL, ZERO, Segment
from reports.insights.subjects import (
    RATIOS,
    SPECS,
    UNIT_OF,
    Scope,
    Sentence,
    base,
    context_of,
    is_derived,
    metrics_of,
    neighbors,
)

#: What "all" and "every" may be said of: a part that is its whole.
PARTS = {part: whole for part, whole in RATIOS if part in ("tasks_completed_on_time", "habits_completed")}
#: Words by which a claim leaves its own words to another one.
ALIKE, JOINED = frozenset(("too", "also", "likewise")), frozenset(("and", "or", "as", "too"))
REGULARLY = frozenset(("usually", "normally", "typically"))
ROUGHLY = frozenset(("about", "around", "roughly", "approximately"))
BOUNDS = frozenset(("UNUSUAL", "UNKNOWN", "RUNNING", "DAYSOFF"))
SCALE = 100.0  # a score is of so many points


def wrong_quantities(sentence: Sentence, scope: Scope) -> Iterator[str]:
    for place, segment in enumerate(sentence):
        context = context_of(sentence, place)
        if segment.figure and (not _is_true(segment, context, sentence, scope) or _is_twice(place, sentence, scope)):
            yield from segment.figure.text
        yield from (
            found for word in segment.words if any(map(str.isdigit, word)) for found in FIGURE.findall(word) or [word]
        )
        if "one" in segment.words and not segment.is_advice:
            yield "one"
        if segment.is_advice:
            if "overdue" in segment.statuses and not segment.figure and scope.facts.get("tasks_overdue") == 0:
                yield "overdue"
            continue
        for word in segment.words:
            if word in ZERO and not (word == "no" and segment.direction) and not _is_zero(segment, context, scope):
                yield word
            if word in EVERY and not _is_whole(segment, context, scope):
                yield word
        if not any(each.figure or each.has(ZERO | EVERY) or each.direction for each in sentence):
            yield from _empty_claim(segment, context, scope)
        yield from _joined(sentence, place, scope)


def _is_true(segment: Segment, context: Segment | None, sentence: Sentence, scope: Scope) -> bool:
    """Whether its figure is that of a metric that the segment is about."""
    assert segment.figure
    if segment.is_difference or _is_usual_itself(segment, sentence):
        return False
    kind, values = segment.figure.kind, segment.figure.values
    if kind == "ratio":
        return _is_ratio(segment, sentence, scope)
    if kind == "clock":
        values = (values[0] * 60 + values[1],)
    names = [name for name in _named(segment, context, sentence, scope) if scope.allows(name)]
    if kind in ("range", "fromto"):
        is_range = any(each.has(USUAL | {"range", "ranges"}) for each in sentence)
        if kind == "range" and not is_range:
            return False
        names = names or neighbors(sentence, scope)
        endings = ("_usual_low", "_usual_high") if is_range else ("_before", "")
        return any(
            _are_values(values, [name + end for end in endings], segment, name, scope)
            for name in names
            if scope.allows(name)
        )
    if scope.cited and not (segment.before or segment.is_reference) and all(is_derived(each) for each in scope.cited):
        return False  # what is cited is of another time
    return any(
        _are_values(values, [name + ending], segment, name, scope) for name in names for ending in _endings(segment)
    )


def _named(segment: Segment, context: Segment | None, sentence: Sentence, scope: Scope) -> list[str]:
    """The metrics that a figure may be of."""
    if segment.statuses == {"with due"} and any({"completed", "on time"} & each.statuses for each in sentence):
        return ["tasks_completed_with_due"]
    names = metrics_of(segment, context, scope) or _only_cited(segment, sentence, scope)
    is_bare = sentence[0] is segment and not (segment.noun or segment.statuses)
    return names or (neighbors(sentence, scope) if is_bare or segment.is_reference else [])


def _endings(segment: Segment) -> Sequence[str]:
    """Which facts of a metric a figure may be: of the time before, an end of the usual range, or its own."""
    if segment.before:
        return ("_before",)
    if segment.is_reference:
        own = ("",) if segment.noun or segment.statuses else ()
        return ("_before", "_usual_low", "_usual_high", *own)
    return ("",)


def _are_values(values: Sequence[float], facts: Sequence[str], segment: Segment, name: str, scope: Scope) -> bool:
    return all(
        fact in scope.facts and is_value(value, scope.facts[fact], segment, name)
        for value, fact in zip(values, facts, strict=True)
    )


def _is_usual_itself(segment: Segment, sentence: Sentence) -> bool:
    """Whether it says that its one figure is what is usual: that is a range, and never one number."""
    assert segment.figure
    if segment.figure.kind == "range" or segment.is_reference:
        return False
    place = next(place for place, each in enumerate(sentence) if each is segment)
    written = [
        segment,
        *(each for each in sentence[max(0, place - 1) : place] if not each.figure and not each.direction),
    ]
    words_before = segment.words[: len(segment.words) - segment.words_after]
    since_usual = words_before[words_before.index("usual") :] if ("your", "usual") in pairwise(words_before) else []
    is_named = not {"is", "was"}.isdisjoint(since_usual) or any(
        first == "usual" and second in ("is", "was", "of") for first, second in pairwise(segment.words)
    )
    return is_named or any(each.has(REGULARLY) for each in written)


def _is_twice(place: int, sentence: Sentence, scope: Scope) -> bool:
    """Whether a figure before it is the same one of the same metric: "12 tasks out of 12" claims a whole that is none."""

    def figures(number: int) -> tuple[Sequence[float], set[str]]:
        segment = sentence[number]
        values = segment.figure.values if segment.figure else ()
        return values, set(_named(segment, context_of(sentence, number), sentence, scope))

    values, names = figures(place)
    return any(values == earlier and names & of for earlier, of in map(figures, range(place)))


def _only_cited(segment: Segment, sentence: Sentence, scope: Scope) -> list[str]:
    """A sentence that names nothing speaks of the one metric that it cites."""
    if any(each.noun or each.statuses for each in sentence) or segment.unit in ("h", "point", "clock"):
        return []
    names = {base(name) for name in scope.cited or ()}
    names = {name for name in names if segment.unit is None or UNIT_OF.get(name) == segment.unit}
    return [*names] if len(names) == 1 else []


def is_value(written: float, value: float, segment: Segment, name: str) -> bool:
    """Whether a figure is a value, as rounded to whole numbers or to tenths; hours are those of a metric in minutes."""
    if segment.unit == "h":
        is_about = written % 1 == 0 and segment.has(ROUGHLY)
        tolerance = 0.25 if is_about else 0.05 if written % 1 else 0.01
        return UNIT_OF.get(name) == "min" and abs(written - value / 60) <= tolerance + 1e-9
    if segment.unit is None and UNIT_OF.get(name) == "min" and segment.counted_noun is not None:
        return False  # so many meetings are not so many minutes of them
    if segment.unit in ("min", "clock") and UNIT_OF.get(name) != "min":
        return False
    if segment.unit == "point" and name != "productivity_score":
        return False
    return abs(written - value) <= (0.5 if written % 1 == 0 else 0.05) + 1e-9 and round(written, 1) == written


def _is_ratio(segment: Segment, sentence: Sentence, scope: Scope) -> bool:
    """Whether both numbers are those of a part and its whole that the sentence names."""
    assert segment.figure
    nouns = {noun for each in sentence for noun in each.nouns} or {
        "task" for each in sentence if "on time" in each.statuses
    }
    statuses = {status for each in sentence for status in each.statuses}
    if segment.figure.values[1] == SCALE and "score" in nouns:
        name = "productivity_score"
        return scope.allows(name) and _are_values(segment.figure.values[:1], [name], segment, name, scope)
    for names, (noun, status) in RATIOS.items():
        is_named = noun in nouns or (noun == "time" and segment.unit == "min" and not segment.nouns)
        allowed = {each for spec in SPECS if spec.name in names for each in spec.needs | spec.may}
        if (
            is_named
            and (status is None or status in statuses)
            and (segment.statuses or statuses) <= allowed
            and all(scope.allows(name) for name in names)
            and _are_values(segment.figure.values, names, segment, names[0], scope)
        ):
            return True
    return False


def _is_zero(segment: Segment, context: Segment | None, scope: Scope) -> bool:
    names = metrics_of(segment, context, scope)
    if not names and segment.statuses & {"overdue", "open", "left out"}:
        names = [spec.name for spec in SPECS if spec.needs & segment.statuses]
    known = [scope.facts[name] for name in names if name in scope.facts and scope.allows(name)]
    return bool(known) and not any(known)


def _is_whole(segment: Segment, context: Segment | None, scope: Scope) -> bool:
    facts = scope.facts
    if segment.statuses & {"planned"} and segment.nouns <= {"task"} and "tasks_left_out" in facts:
        return facts["tasks_left_out"] == 0 and scope.allows("tasks_left_out")
    names = [name for name in metrics_of(segment, context, scope) if name in PARTS]
    return any(
        0 < facts[name] == facts[PARTS[name]]
        for name in names
        if name in facts and PARTS[name] in facts and scope.allows(name)
    )


def _empty_claim(segment: Segment, context: Segment | None, scope: Scope) -> Iterator[str]:
    """Claims without a figure that claim one all the same, such as "habits were kept"."""
    if not segment.statuses or not (segment.noun or segment.statuses & {"overdue", "on time", "kept"}):
        return
    for name in metrics_of(segment, context, scope):
        value, whole = scope.facts.get(name), scope.facts.get(PARTS.get(name, name))
        if not value or value != whole or not scope.allows(name):
            yield name


def _joined(sentence: Sentence, place: int, scope: Scope) -> Iterator[str]:
    """What is joined to another claim: "12 tasks were completed and overdue", "focus and your score were as usual"."""
    segment = sentence[place]
    if segment.figure or segment.direction or segment.has(ZERO | EVERY | USUAL | BOUNDS):
        return
    before = sentence[place - 1] if place else None
    after = sentence[place + 1] if place + 1 < len(sentence) else None
    is_joined = segment.words[:1] in (["and"], ["or"])
    if segment.statuses and not segment.noun:
        if is_joined and before and before.figure and not (after and after.figure):
            facts = [scope.facts[name] for name in metrics_of(segment, before, scope) if name in scope.facts]
            if not any(is_value(before.figure.values[0], value, segment, "") for value in facts):
                yield " ".join(segment.words)
    elif (
        segment.noun
        and not segment.statuses
        and (is_joined or (after and after.words[:1] and after.words[0] in JOINED))
    ):
        yield from (segment.noun for each in sentence if each.noun not in (None, segment.noun))
    if place and not segment.is_advice:
        yield from (word for word in segment.words if word in ALIKE)
