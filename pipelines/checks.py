"""The rules of each table's `checks.sql` as asset checks. A broken rule stops what is made from the table."""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.tables import key_of
from pipelines.quality import CHECKED, VOLUME, judge, rules_of
from pipelines.resources import Installation


def checks_of(table: str) -> dg.AssetChecksDefinition:
    key, rules = key_of(table), rules_of(table)

    @dg.multi_asset_check(
        name=table.replace("/", "_") + "_rules",
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
    def check(installation: Installation) -> Iterator[dg.AssetCheckResult]:
        for verdict in judge(installation.lake, installation.duckdb(), table):
            severity = dg.AssetCheckSeverity.WARN if verdict.rule == VOLUME else dg.AssetCheckSeverity.ERROR
            told = {"rows": dg.MetadataValue.json(list(verdict.sample))} if verdict.sample else {}
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=verdict.rule,
                passed=verdict.passed,
                severity=severity,
                metadata={"broken": verdict.broken, **told},
            )

    return check


table_checks = [checks_of(table) for table in CHECKED]
