"""Model: what serves and why it may, how it compares with simple rules, whether it says what comes, and what its scores rest on."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import product as charts
from dashboard.components import layout
from dashboard.components.live_refresh import refreshing
from dashboard.data import dagster_client, lake, model_cards

NDCG = (
    "How well an order agrees with what people then took up, in the first five places: 1 is perfect. The line is a 95 % interval,"
    " from drawing people anew."
)
RELIABILITY = "Tasks in ten groups by what was said. On the dashed line, what was said is what came."
COLUMNS = {
    "tasks": "Tasks", "people": "People", "mean_score": "Mean score", "deadline_risk": "Deadline risk", "importance": "Importance",
    "likelihood": "Likelihood",
}  # fmt: skip
DRIFT = (
    "How differently a feature is spread over the lists of the last weeks than over those the model learned from: the population stability"
    " index. Below 0.1 is as ever, above 0.25 the model was made for something else. Shown are those that moved most."
)
MOVED = {
    0.25: "The model was made for something else: train it anew.",
    0.1: "That is worth a look.",
    0.0: "All is as ever.",
}
GATE = "A model serves only if its gain over the best rule is clear of 0, what it says comes, and it is bad for nobody."


def page() -> None:
    with layout.row():
        st.title("Model", anchor=False)
    today = current_user.local_today(current_user.require_user())
    trained, serves = model_cards.cards(), model_cards.serving()
    if trained:
        versions = [card["version"] for card in trained]
        chosen = st.selectbox(
            "Version",
            versions,
            versions.index(serves) if serves in versions else 0,
            format_func=lambda version: f"{version} – serves" if version == serves else version,
        )
        _card(next(card for card in trained if card["version"] == chosen))
    else:
        layout.empty_state(
            "No model has been trained yet: the baseline serves. `focusflow train` makes one from what people did."
        )
    if serves:
        _drift(serves)
    _scores(today)
    refreshing()


def _card(card: model_cards.Card) -> None:
    try:
        _numbers(card)
        left, right = st.columns(2, gap="large")
        with left:
            layout.section_header("Against simple rules", NDCG)
            layout.chart(
                charts.orders(_orders(card["measures"])),
                "How well each order agrees with what people did, with intervals.",
            )
        with right:
            layout.section_header("What it says, and what comes", RELIABILITY)
            layout.chart(
                charts.reliability(pl.DataFrame(card["measures"]["likelihood"]["reliability"])),
                "What was said against what came, in ten groups.",
            )
    except model_cards.DAMAGED:
        st.warning("This card is of another form than this page knows. `focusflow models list` shows it whole.")
    with st.expander("The whole card"):
        st.json({name: value for name, value in card.items() if name != "features"}, expanded=1)


def _numbers(card: model_cards.Card) -> None:
    learned, measures = card["trained_on"], card["measures"]
    refused = card["refused"]
    if refused:
        st.warning("The gate refused it: " + "; ".join(refused) + ".", icon=":material/block:")
    else:
        st.success("It passed the gate.", icon=":material/verified:")
    first, last = (formatting.short_date(date.fromisoformat(learned[end])) for end in ("from", "to"))
    gain = measures["gain"]
    error, risk = (measures[name]["calibration_error"] for name in ("likelihood", "risk"))
    with layout.card_grid(4):
        layout.stat(
            "Gain",
            _signed(gain["mean"]),
            f"{_signed(gain['low'])} to {_signed(gain['high'])}, over {_format_name(measures['best_baseline'])}",
            f"{NDCG} {GATE}",
        )
        layout.stat(
            "Calibration error",
            f"{error:.3f}",
            f"of the likelihood; {risk:.3f} of the deadline risk",
            f"{RELIABILITY} At most 0.050 of either may serve.",
        )
        layout.stat(
            "Trained on",
            formatting.number(learned["tasks"]),
            f"choices of {formatting.count(learned['people'], 'person', 'people')}, {first} to {last}",
            "Open tasks as they stood each time somebody could choose one.",
        )
        weights = card["weights"]
        layout.stat(
            "Weight of likelihood",
            formatting.percent(weights["likelihood"]),
            f"{formatting.percent(weights['deadline_risk'])} deadline risk, {formatting.percent(weights['importance'])} importance",
            "How much each of the three parts counts in the score.",
        )


def _signed(value: float | None) -> str:
    return formatting.NONE if value is None else f"{value:+.3f}"


def _format_name(name: str) -> str:
    return name.replace("_", " ")


def _orders(measures: dict[str, Any]) -> pl.DataFrame:
    rows = [
        {
            "order": _format_name(name),
            "is_model": name == "model",
            **{end: each["ndcg"][end] for end in ("mean", "low", "high")},
        }
        for name, each in measures["orders"].items()
    ]
    return pl.DataFrame(rows).sort("mean", descending=True, nulls_last=True)


def _drift(serves: str) -> None:
    """What Dagster found when it looked last."""
    layout.section_header("Whether it still sees what it was trained on", DRIFT)
    try:
        check = dagster_client.drift()
    except dagster_client.NoPipeline as problem:
        st.error(str(problem), icon=":material/cloud_off:")
        return
    metadata = check.metadata if check else {}
    moved = sorted(
        ((index, _format_name(name)) for name, index in metadata.items() if isinstance(index, float)), reverse=True
    )
    if check is None or check.at is None or check.metadata.get("model") != serves or not moved:
        layout.empty_state("Nobody has looked since it was trained. The check of `models/priority` in Dagster does.")
        return
    frame = pl.DataFrame(moved, schema=["index", "feature"], orient="row")
    layout.chart(charts.shares(frame, "feature", "index"), "How far each of the features that moved most has moved.")
    index, most = moved[0]
    judged = next(judged for least, judged in MOVED.items() if index >= least)
    looked = f"{layout.local(check.at, current_user.require_user()):%-d %B, %H:%M}"
    st.caption(f"Moved most: {most}, by {index:.3f}. {judged} Looked at on {looked}.")


def _scores(today: date) -> None:
    layout.section_header("Today's scores", "Of all open tasks of all people, as they were scored last.")
    scores = lake.query("scores", last=today)
    if scores.is_empty():
        layout.empty_state("No open task has been scored today.")
        return
    st.dataframe(
        scores.select(column for column in scores if column.null_count() < len(column)),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(label, format="localized" if name in ("tasks", "people") else "%.2f")
            for name, label in COLUMNS.items()
        }
        | {"model_version": "Version"},
    )
    reasons = lake.query("reasons", last=today)
    layout.section_header(
        "What they rest on",
        "The points that each reason adds to the score of the mean task, those that do not have it included.",
    )
    named = reasons.with_columns(pl.col("code").str.replace_all("_", " "))
    layout.chart(charts.shares(named, "code", "points_a_task"), "Points a task by reason.")
    layout.csv_button(reasons, f"reasons-{today}")
