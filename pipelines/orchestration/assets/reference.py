"""The nightly comparison of the daily table with the reference as a check. Nothing is computed here; see `pipelines/reference/check.py`."""

import logging
from collections import Counter
from random import Random

import dagster as dg

from focusflow import clock
from focusflow.lake.tables import DAILY_TABLE
from pipelines.orchestration.assets.tables import key_of
from pipelines.orchestration.resources import Installation
from pipelines.reference.check import compare

log = logging.getLogger(__name__)

#: So many cells that differ are named in the log.
NAMED = 10


@dg.asset_check(
    asset=key_of(DAILY_TABLE),
    name="agrees_with_the_reference",
    description="Random days of random users, computed again slowly and without SQL, from the same events. It reads whole histories of users, so once a night.",
)
def reference_check(installation: Installation) -> dg.AssetCheckResult:
    dice = Random(clock.now().toordinal())  # noqa: S311 (which days are compared is no secret)
    found = compare(installation.lake, installation.session(), installation.buckets, dice)
    if found is None:
        return dg.AssetCheckResult(passed=True, metadata={"verdict": "There is no day to compare yet.", "cells": 0})
    for each in found.mismatches[:NAMED]:  # in the log of the process, which is for operators
        log.warning(
            "%s of %s of user %s: %s in the table, %s by the reference",
            *(each.column, each.day, each.user_id, each.published, each.reference),
        )
    differing = [
        f"{column}: {count}" for column, count in Counter(each.column for each in found.mismatches).most_common()
    ]
    return dg.AssetCheckResult(
        passed=not found.mismatches,
        metadata={
            "verdict": found.sentence,
            "cells": found.cells,
            "user_days": found.days,
            "mismatches": len(found.mismatches),
            **({"differing": "\n".join(differing)} if differing else {}),
        },
    )
