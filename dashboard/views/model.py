"""Model: the served model, its promotion, comparison with simple rules, calibration and what drives scores."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.charts import product as charts
from dashboard.components import layout
from dashboard.components.live_refresh import refreshing
from dashboard.data import dagster_client, lake, model_cards
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext

NDCG = mark(
    "NDCG@5: how well the top five match what users then did. 1 is perfect. The line is a 95 % bootstrap interval"
    " over users and their weeks."
)
FOLLOWING = mark(
    "A simulation over the last 60 days: each day, users finish as many tasks as they did, those that stand first in the list. Missed due dates and"
    " important tasks that are open for more than 14 days show whether a list says what should be done, not only what will be."
)
QUARTERS = mark(
    "Calibration error by quarter: errors of different signs cancel out over a year. Quarters with few tasks are shown, and not judged."
)
QUARTER_COLUMNS = {
    "quarter": mark("Quarter"),
    "likelihood": mark("Likelihood"),
    "deadline_risk": mark("Deadline risk"),
}
FOLLOWING_COLUMNS = {
    "order": mark("List"), "due_dates": mark("Due dates"), "missed": mark("Missed"), "stale": mark("Stale important tasks per user and day"),
}  # fmt: skip
RELIABILITY = mark("Tasks in ten groups by predicted probability. On the dashed line, prediction equals outcome.")
COLUMNS = {
    "tasks": mark("Tasks"), "people": mark("People"), "mean_score": mark("Mean score"), "deadline_risk": mark("Deadline risk"),
    "importance": mark("Importance"), "likelihood": mark("Likelihood"),
}  # fmt: skip
DRIFT = mark(
    "How far the last four weeks are from the training data, by the population stability index of each feature, as a share of what it may be:"
    " 0.25 and a margin for few users, or twice the most unusual four weeks of the training. Above 1, the model needs retraining. The features that moved most are shown."
)
MOVED = {
    1.0: mark("The data has changed: retrain the model."),
    0.7: mark("Worth a look."),
    0.0: mark("As in training."),
}
BOUND = mark("Likelihood must be at most 0.050 to be served; a deadline risk above that is left out.")
GATE = mark(
    "A model is served only if its gain over the best rule is above 0 with confidence, it is calibrated, and no group of users is worse off."
)


def page() -> None:
    with layout.title_row():
        st.title(_("Model"), anchor=False)
    layout.synthetic_note()
    today = current_user.local_today(current_user.require_user())
    trained, serves = model_cards.cards(), model_cards.serving()
    if trained:
        versions = [card["version"] for card in trained]
        chosen = st.selectbox(
            _("Version"),
            versions,
            versions.index(serves) if serves in versions else 0,
            format_func=lambda version: _("{version} – served", version=version) if version == serves else version,
        )
        _card(next(card for card in trained if card["version"] == chosen))
    else:
        layout.empty_state(
            _(
                "No model has been trained yet, so the baseline is served. `focusflow train` trains one from past behavior."
            )
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
            layout.section_header(_("Compared with simple rules"), _(NDCG))
            layout.chart(
                charts.orders(_orders(card["measures"])),
                _("NDCG of each ranking with intervals."),
            )
            _following(card["measures"])
        with right:
            layout.section_header(_("Predicted and actual"), _(RELIABILITY))
            layout.chart(
                charts.reliability(pl.DataFrame(card["measures"]["likelihood"]["reliability"])),
                _("Predicted against actual completion in ten groups."),
            )
            _quarters(card["measures"])
    except model_cards.DAMAGED:
        st.warning(_("This model card has an unknown format. See `focusflow models list`."))
    with st.expander(_("Full model card")):
        st.json({name: value for name, value in card.items() if name != "features"}, expanded=1)


def _numbers(card: model_cards.Card) -> None:
    learned, measures = card["trained_on"], card["measures"]
    refused = card["refused"]
    if refused:
        st.warning(_("Not promoted: {reasons}.", reasons="; ".join(refused)), icon=":material/block:")
    else:
        st.success(_("Passed the promotion gate."), icon=":material/verified:")
    for reason in card.get("left_out", []):
        st.info(
            _("Deadline risk is left out, and due dates count by the rule of urgency: {reason}.", reason=reason),
            icon=":material/rule:",
        )
    if changed := card.get("recalibrated"):
        first, last = (formatting.short_date(date.fromisoformat(changed[end])) for end in ("from", "to"))
        st.info(
            _(
                "Recalibrated on {first} to {last}: calibration error {before} before, {after} after.",
                first=first,
                last=last,
                before=_thousandths(changed["error_before"]),
                after=_thousandths(changed["error_after"]),
            ),
            icon=":material/tune:",
        )
    first, last = (formatting.short_date(date.fromisoformat(learned[end])) for end in ("from", "to"))
    gain = measures["gain"]
    error, risk = (measures[name]["calibration_error"] for name in ("likelihood", "risk"))
    with layout.card_grid(4):
        layout.stat(
            _("Gain"),
            _signed(gain["mean"]),
            _(
                "{low} to {high}, over {rule}",
                low=_signed(gain["low"]),
                high=_signed(gain["high"]),
                rule=_format_name(measures["best_baseline"]),
            ),
            f"{_(NDCG)} {_(GATE)}",
        )
        layout.stat(
            _("Calibration error"),
            _thousandths(error),
            _("likelihood; {risk} deadline risk", risk=_thousandths(risk)),
            f"{_(RELIABILITY)} {_(BOUND)}",
        )
        layout.stat(
            _("Trained on"),
            formatting.number(learned["tasks"]),
            ngettext(
                "choices of {n} user, {first} to {last}",
                "choices of {n} users, {first} to {last}",
                learned["people"],
                first=first,
                last=last,
            ),
            _("Open tasks at each moment a user could choose one."),
        )
        weights = card["weights"]
        layout.stat(
            _("Weight of likelihood"),
            formatting.percent(weights["likelihood"]),
            _(
                "{risk} deadline risk, {importance} importance",
                risk=formatting.percent(weights["deadline_risk"]),
                importance=formatting.percent(weights["importance"]),
            ),
            _("Weights of the three parts of the score."),
        )


def _signed(value: float | None) -> str:
    return formatting.NONE if value is None else formatting.signed(value, 3)


def _thousandths(value: float | None) -> str:
    return locales.decimal(value, 3, 3)


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


def _following(measures: dict[str, Any]) -> None:
    """What would become of due dates and of important tasks; a card of an older version does not say."""
    rows = [
        {"order": _format_name(name), **{column: each[column] for column in ("due_dates", "missed", "stale")}}
        for name, each in measures.get("following", {}).items()
    ]
    if rows:
        layout.section_header(_("If users followed the list"), _(FOLLOWING))
        st.dataframe(
            pl.DataFrame(rows, infer_schema_length=None),
            hide_index=True,
            column_config={
                "order": _(FOLLOWING_COLUMNS["order"]),
                "due_dates": _(FOLLOWING_COLUMNS["due_dates"]),
                "missed": st.column_config.NumberColumn(_(FOLLOWING_COLUMNS["missed"]), format="percent"),
                "stale": st.column_config.NumberColumn(_(FOLLOWING_COLUMNS["stale"]), format="%.2f"),
            },
        )


def _quarters(measures: dict[str, Any]) -> None:
    errors = {
        label: {each["quarter"]: each["calibration_error"] for each in measures[name].get("quarters", [])}
        for name, label in (("likelihood", "likelihood"), ("risk", "deadline_risk"))
    }
    quarters = sorted(set().union(*errors.values()))
    if quarters:
        layout.section_header(_("Calibration by quarter"), _(QUARTERS))
        rows = [{"quarter": each, **{label: found.get(each) for label, found in errors.items()}} for each in quarters]
        st.dataframe(
            pl.DataFrame(rows, infer_schema_length=None),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(_(label), format="%.3f") if name != "quarter" else _(label)
                for name, label in QUARTER_COLUMNS.items()
            },
        )


def _drift(serves: str) -> None:
    """The last drift check in Dagster."""
    layout.section_header(_("Drift since training"), _(DRIFT))
    try:
        check = dagster_client.drift()
    except dagster_client.NoPipeline as problem:
        st.error(_(str(problem)), icon=":material/cloud_off:")
        return
    metadata = check.metadata if check else {}
    moved = sorted(
        ((index, _format_name(name)) for name, index in metadata.items() if isinstance(index, float)), reverse=True
    )
    if check is None or check.at is None or check.metadata.get("model") != serves or not moved:
        layout.empty_state(_("Not checked since training. The check on `models/priority` in Dagster does it."))
        return
    frame = pl.DataFrame(moved, schema=["index", "feature"], orient="row")
    layout.chart(charts.shares(frame, "feature", "index"), _("Drift of the features that moved most."))
    index, most = moved[0]
    judged = next(judged for least, judged in MOVED.items() if index >= least)
    largest = _("Largest drift: {feature}, {index}.", feature=most, index=_thousandths(index))
    looked = _("Checked on {moment}.", moment=locales.day_and_time(layout.local(check.at, current_user.require_user())))
    st.caption(f"{largest} {_(judged)} {looked}")


def _scores(today: date) -> None:
    layout.section_header(_("Today's scores"), _("Latest scores of all open tasks of all users."))
    scores = lake.query("scores", last=today)
    if scores.is_empty():
        layout.empty_state(_("No open task has a score today."))
        return
    st.dataframe(
        scores.select(column for column in scores if column.null_count() < len(column)),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(_(label), format="localized" if name in ("tasks", "people") else "%.2f")
            for name, label in COLUMNS.items()
        }
        | {"model_version": _("Version")},
    )
    reasons = lake.query("reasons", last=today)
    layout.section_header(
        _("What drives scores"),
        _("Mean points of each reason over all tasks, including tasks without it."),
    )
    named = reasons.with_columns(pl.col("code").str.replace_all("_", " "))
    layout.chart(charts.shares(named, "code", "points_a_task"), _("Mean points per task by reason."))
    layout.csv_button(reasons, f"reasons-{today}")
