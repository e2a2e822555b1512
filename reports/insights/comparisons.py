"""Comparisons of a text: each must be what is known of the trend of its metric, or of the period before."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from reports.insights.claims import ADVISED, HIGHER, LOWER, PRAISE, USUAL, Segment
from reports.insights.subjects import UNIT_OF, Scope, Sentence, base, context_of, metrics_of

#: What is said where there is no comparison.
TAGS = {"UNKNOWN": "too_little_data", "RUNNING": "running", "DAYSOFF": "days_off"}


def wrong_comparisons(
    sentence: Sentence, scope: Scope, compared: Mapping[str, str], *, has_facts: bool
) -> Iterator[str]:
    """Without facts, all is compared with the trend; with them, what is said of the time before, or of a figure, with those."""
    for place, segment in enumerate(sentence):
        claim = _claim(segment, sentence)
        if claim is None:
            if segment.is_advice:
                continue
            if "not" in segment.words:
                yield "'not' cannot be checked"
            if segment.has(PRAISE) and _is_low(sentence, place, scope, compared):
                yield "praise is not what is known of the trend"
            continue
        names = _subjects(sentence, place, scope)
        reference = next((each for each in sentence[place + 1 : place + 2] if each.is_reference and each.figure), None)
        if has_facts and (reference or _refers_before(sentence) or _is_from_to(sentence, place)):
            holds = _compares(names, claim, scope, reference, is_negated=segment.is_negated)
        else:
            holds = _trend_holds(claim, names, scope, compared, is_negated=segment.is_negated)
        if not holds:
            said = next((word for word in segment.words if word in HIGHER | LOWER | USUAL), claim)
            yield f"{said!r} is not what is known of the trend"


def _refers_before(sentence: Sentence) -> bool:
    return any(each.before and (not each.figure or each.is_reference) for each in sentence)


def _claim(segment: Segment, sentence: Sentence) -> str | None:
    """Which comparison a segment makes, if any."""
    if segment.is_advice and not _states(segment):
        return None
    if segment.has(HIGHER) and segment.has(LOWER):
        return "both"
    tag = next((TAGS[word] for word in segment.words if word in TAGS), None)
    return tag or segment.direction or ("unusual" if "UNUSUAL" in segment.words else None) or _usual(segment, sentence)


def _usual(segment: Segment, sentence: Sentence) -> str | None:
    """Whether it claims that something was as usual, rather than naming what is."""
    if not segment.has(USUAL):
        return None
    names_range = segment.has(frozenset(("range", "ranges", "usually"))) or any(
        each.figure and (each.figure.kind in ("range", "fromto") or (each is segment and each.is_reference))
        for each in sentence
    )
    if names_range and not segment.has(frozenset(("within", "inside", "in"))):
        return None
    is_compared_with = any(each.direction for each in sentence) and not segment.has(frozenset(("SAME", "as", "same")))
    return None if is_compared_with else "usual"


def _states(segment: Segment) -> bool:
    """Whether advice also states how something was: "celebrate that focus rose"."""
    words = [word for word in segment.words if word in HIGHER | LOWER]
    return (
        bool(segment.figure and words)
        or any(word not in ADVISED for word in words)
        or (bool(words) and segment.has(USUAL | {"range", "was", "were", "did", "had"}))
        or (segment.before is not None and bool(words))
        or any(
            first in ("your", "the", "this", "that") and second in HIGHER | LOWER
            for first, second in pairwise(segment.words)
        )
    )


def _subjects(sentence: Sentence, place: int, scope: Scope) -> list[str]:
    """The metrics that a comparison is about: those of its own segment, else of the nearest before, else of the next."""
    for each in (place, *range(place - 1, -1, -1), *range(place + 1, len(sentence))):
        segment = sentence[each]
        if segment.noun or segment.statuses:
            wide = Scope(scope.facts or dict.fromkeys(UNIT_OF, 0.0), None)
            found = metrics_of(segment, context_of(sentence, each), wide)
            return (
                [name for name in found if scope.allows(name)] if len(found) <= 1 or scope.cited is not None else found
            )
    cited = {base(name) for name in scope.cited or ()}
    return sorted(cited)


def _trend_holds(
    claim: str, names: Sequence[str], scope: Scope, compared: Mapping[str, str], *, is_negated: bool
) -> bool:
    if claim == "unusual":
        wanted = {"higher", "lower"}
    elif is_negated:
        wanted = {"higher", "lower", "usual"} - {claim}
    else:
        wanted = {claim}
    if names:
        return all(compared.get(name) in wanted for name in names)
    if scope.cited is not None:
        return False
    opposite = {"higher": "lower", "lower": "higher"}.get(claim)
    trends = set(compared.values())
    if claim in ("usual", "too_little_data", "running", "days_off"):
        return bool(trends) and trends <= wanted
    return bool(trends & wanted) and opposite not in trends


def _is_from_to(sentence: Sentence, place: int) -> bool:
    return any(each.figure and each.figure.kind == "fromto" for each in sentence[place : place + 2]) and not sentence[
        place
    ].has(USUAL)


def _compares(names: Sequence[str], claim: str, scope: Scope, reference: Segment | None, *, is_negated: bool) -> bool:
    """Whether each metric is on that side of what it was before, or of the figure that it is compared with."""
    sides = []
    for name in names:
        now, before = scope.facts.get(name), scope.facts.get(f"{name}_before")
        if reference and reference.figure and reference.unit != "h":
            before = reference.figure.values[-1]
        if now is None or before is None:
            return False
        sides.append("higher" if now > before else "lower" if now < before else "usual")
    return bool(sides) and all((side == claim) != is_negated for side in sides)


def _is_low(sentence: Sentence, place: int, scope: Scope, compared: Mapping[str, str]) -> bool:
    """Whether what praise is about went down. A headline that names nothing is about the whole, which has no trend."""
    trends = {compared.get(name) for name in _subjects(sentence, place, scope)}
    return "lower" in trends and "higher" not in trends
