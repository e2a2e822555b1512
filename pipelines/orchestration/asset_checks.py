"""The rules of each table's `checks.sql` as asset checks. A broken rule stops what is made from the table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.engine.checks import CHECKED, VOLUME, Verdict, judge, rules_of
from pipelines.orchestration.assets.tables import key_of
from pipelines.orchestration.resources import Installation


def checks_of(table: str) -> dg.AssetChecksDefinition:
    key, rules = key_of(table), rules_of(table)

    @dg.multi_asset_check(
        name=table.replace("/", "_") + "_rules",
        can_subset=True,
        specs=[
            dg.AssetCheckSpec(
                rule, asset=key, blocking=True, description=f"Counts {rule.replace('_', ' ')}; there must be none."
            )
            for rule in rules
        ]
        + [
            dg.AssetCheckSpec(
                VOLUME, asset=key, description="Whether the table has kept its rows; one that lost a fifth is told of."
            )
        ],
    )
    def check(context: dg.AssetCheckExecutionContext, installation: Installation) -> Iterator[dg.AssetCheckResult]:
        asked = {each.name for each in context.selected_asset_check_keys}
        for verdict in (each for each in judge(installation.lake, installation.duckdb(), table) if each.rule in asked):
            severity = dg.AssetCheckSeverity.WARN if verdict.rule == VOLUME else dg.AssetCheckSeverity.ERROR
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=verdict.rule,
                passed=verdict.passed,
                severity=severity,
                description=None if verdict.passed else in_words(verdict),
                metadata={"broken": verdict.broken} | ({"rows": table_of(verdict.sample)} if verdict.sample else {}),
            )

    return check


def in_words(verdict: Verdict) -> str:
    """What a failed check says first: how often its rule is broken, and what follows from it."""
    if verdict.rule == VOLUME:
        return f"{verdict.broken:,} rows fewer than some commits ago. It stops nothing."
    return f"{verdict.broken:,} {verdict.rule.replace('_', ' ')}. Nothing is made or published from the table until there are none."


def table_of(sample: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows that break a rule, column by column; what is nested in them as text."""
    plain = (str, int, float, bool, type(None))
    rows = [{name: value if isinstance(value, plain) else str(value) for name, value in row.items()} for row in sample]
    schema = dg.TableSchema([dg.TableColumn(name, "text") for name in rows[0]])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema)


table_checks = [checks_of(table) for table in CHECKED]
