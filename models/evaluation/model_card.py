"""A model's card: what one should know of it before one trusts it. As JSON beside its numbers, and as a page."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from models.evaluation.drift import shapes
from models.evaluation.plots import PROBABILITIES
from models.serving.score_components import Priority

#: The columns of the card for each part of the lists, and for each probability.
GAIN: Final = ("lists", "users", "NDCG@5", "95 %")
MEASURES: Final = ("NDCG@5", "first is right", "pairs right", "Brier", "calibration error", "that of the risk")
FOLLOWING: Final = ("due dates", "missed", "days", "stale important tasks a day")
PROBABILITY: Final = ("tasks", "actual", "Brier", "calibration error")


def card_of(
    lists: pl.DataFrame, priority: Priority, figures: Mapping[str, Any], refused: list[str], left_out: list[str]
) -> dict[str, Any]:
    """What one should know of a model before one trusts it."""
    return {
        "refused": refused,
        "left_out": left_out,
        "trained_on": {
            "from": lists["local_date"].min(),
            "to": lists["local_date"].max(),
            "people": lists["user_id"].n_unique(),
            "lists": lists.select("user_id", "as_of").n_unique(),
            "tasks": lists.height,
            "taken_up": lists["taken_up"].mean(),
        },
        "weights": {
            "deadline_risk": priority.weights.deadline_risk,
            "importance": priority.weights.importance,
            "likelihood": priority.weights.likelihood,
        },
        "is_risk_learned": priority.risk is not None,
        "measures": figures,
        "features": shapes(priority, lists),
    }


def as_markdown(card: Mapping[str, Any]) -> str:
    """The card as a page of text and tables. What could not be measured is a dash."""
    return "\n".join(_lines(card))


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    measures = card["measures"]
    yield from _head(card)
    yield from _table(("order", "NDCG@5", "95 %", "first is right", "pairs right"))
    for name, each in sorted(measures["orders"].items(), key=lambda item: -item[1]["ndcg"]["mean"]):
        yield _row(name, *interval(each["ndcg"], "{:.3f}"), figure(each["hit"]), figure(each["auc"]))
    yield ""
    yield from _table((f"against “{measures['best_baseline']}”", *GAIN))
    for name, each in parts_of_lists(measures).items():
        yield _row(name, *gain_of(each))
    yield ""
    yield from _table(("the model in", *MEASURES))
    for name, each in parts_of_lists(measures).items():
        yield _row(name, *measures_of(each))
    yield ""
    yield from _table(("following the list", *FOLLOWING))
    for name, each in measures["following"].items():
        yield _row(name.replace("_", " "), *followed(each))
    yield ""
    yield from _probabilities(measures)


def _head(card: Mapping[str, Any]) -> Iterator[str]:
    measures, learned = card["measures"], card["trained_on"]
    yield f"**{card['version']}**, trained {card['trained_at'][:10]} on {learned['tasks']:,} rows of {learned['people']} people,"
    yield f"{learned['from']} to {learned['to']}. Tried on {measures['judged']:,} lists, {measures['from']} to {measures['to']}.\n"
    if card["refused"]:
        yield "It does not serve:\n"
        yield from (f"- {reason}" for reason in card["refused"])
        yield ""
    for reason in card["left_out"]:
        yield f"Deadline risk is left out, and due dates count by urgency's rule: {reason}.\n"
    if changed := card.get("recalibrated"):
        yield f"Recalibrated {str(changed['at'])[:10]} on {changed['from']} to {changed['to']}.\n"
    weights = ", ".join(f"{name.replace('_', ' ')} {weight:.2f}" for name, weight in card["weights"].items())
    yield f"Weights: {weights}. Digest of the training data: `{measures['sha256'][:12]}`.\n"


def _probabilities(measures: Mapping[str, Any]) -> Iterator[str]:
    found = probabilities(measures)
    yield from _table(("probability", *PROBABILITY))
    for title, each in found.items():
        yield _row(title, *probability_of(each))
    for title, each in found.items():
        yield ""
        yield from _table((f"by quarter: {title}", *PROBABILITY))
        for quarter in each["quarters"]:
            yield _row(quarter["quarter"], *probability_of(quarter))
    for title, each in found.items():
        yield ""
        yield from _table(("predicted", "actual", "tasks", title))
        for group in each["reliability"]:
            bar = "█" * round(group["came"] * 30)
            yield _row(figure(group["said"]), figure(group["came"]), f"{group['tasks']:,}", bar)


def parts_of_lists(measures: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The figures of all lists, of each tier of activity, and of each kind of list, by what they are called."""
    tiers = {f"who takes up {name}": each for name, each in measures["tiers"].items()}
    kinds = {name.replace("_", " "): each for name, each in measures["segments"].items()}
    return {"everything": measures["everything"], **tiers, **kinds}


def gain_of(part: Mapping[str, Any]) -> tuple[str, ...]:
    return f"{part['lists']:,}", f"{part['people']:,}", *interval(part["gain"], "{:+.3f}")


def measures_of(part: Mapping[str, Any]) -> tuple[str, ...]:
    found = (
        *(part[name] for name in ("ndcg", "hit", "auc", "brier", "calibration_error")),
        part["risk"]["calibration_error"],
    )
    return tuple(map(figure, found))


def probabilities(measures: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The figures of what the model says will come, by what that is; without what could not be tried."""
    titles = {**PROBABILITIES, "risk_or_moved": f"{PROBABILITIES['risk']}, or moved"}
    return {title: measures[name] for name, title in titles.items() if measures[name]["tasks"]}


def probability_of(each: Mapping[str, Any]) -> tuple[str, ...]:
    return f"{each['tasks']:,}", *map(figure, (each["rate"], each["brier"], each["calibration_error"]))


def followed(each: Mapping[str, Any]) -> tuple[str, ...]:
    return f"{each['due_dates']:,}", figure(each["missed"]), f"{each['user_days']:,}", figure(each["stale"])


def _table(names: tuple[str, ...]) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def figure(value: float | None, form: str = "{:.3f}") -> str:
    """A number, or a dash where there was nothing to count."""
    return "–" if value is None or not math.isfinite(value) else form.format(value)


def interval(figures: Mapping[str, Any], form: str) -> tuple[str, str]:
    """A mean, and between what it lies."""
    mean, low, high = (figure(figures[name], form) for name in ("mean", "low", "high"))
    return mean, f"{low} to {high}"
