"""The rules that each table's folder declares as asset checks. A broken rule stops what is made from the table; where only some users' rows break it,
only what is published of them stands still.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from focusflow import clock
from pipelines.engine.checks import CHECKED, VOLUME, Verdict, enforce, rows_command
from pipelines.engine.rules import rules_of
from pipelines.orchestration.assets.tables import key_of
from pipelines.orchestration.resources import Installation


def checks_of(table: str) -> dg.AssetChecksDefinition:
    key = key_of(table)

    @dg.multi_asset_check(
        name=table.replace("/", "_") + "_rules",
        can_subset=True,
        specs=[
            dg.AssetCheckSpec(
                rule.name, asset=key, blocking=True, description=f"{rule.description} There must be none."
            )
            for rule in rules_of(table).values()
        ]
        + [
            dg.AssetCheckSpec(
                VOLUME, asset=key, description="Whether the table has kept its rows; one that lost a fifth is told of."
            )
        ],
    )
    def check(context: dg.AssetCheckExecutionContext, installation: Installation) -> Iterator[dg.AssetCheckResult]:
        asked = {each.name for each in context.selected_asset_check_keys}
        verdicts = enforce(installation.lake, installation.session(), table, clock.now())
        for verdict in (each for each in verdicts if each.rule in asked):
            yield dg.AssetCheckResult(asset_key=key, check_name=verdict.rule, **outcome_of(table, verdict))

    return check


def outcome_of(table: str, verdict: Verdict) -> dict[str, Any]:
    """What a verdict says, as the arguments of Dagster's result or evaluation of a check.

    Analysts read them: they hold counts, and the command that shows operators rows and users, which the audit log records.
    """
    return {
        "passed": verdict.passed,
        "severity": dg.AssetCheckSeverity.ERROR if verdict.is_blocking else dg.AssetCheckSeverity.WARN,
        "description": None if verdict.passed else in_words(verdict),
        "metadata": {"broken": verdict.broken}
        | ({"users": len(verdict.users)} if verdict.users else {})
        | ({"see": rows_command(table, verdict.rule)} if verdict.sample else {}),
    }


def in_words(verdict: Verdict) -> str:
    """What a failed check says first: how often its rule is broken, and what follows from it."""
    sentence = f"{verdict.broken:,} {verdict.rule.replace('_', ' ')}."
    if verdict.rule == VOLUME:
        return f"{verdict.broken:,} rows fewer than some commits ago. It stops nothing."
    if verdict.users:
        return f"{sentence} Users whose rows break it: {len(verdict.users):,}. They are quarantined until none does; everybody else's rows are published."
    return f"{sentence} Nothing is made or published from the table until there are none."


table_checks = [checks_of(table) for table in CHECKED]
