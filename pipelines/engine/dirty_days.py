"""Which days have changed: commits of the daily table record it, and tables that are built by month read it."""

import json
from collections.abc import Mapping
from datetime import date

from focusflow.lake.tables import Pinned, position_key
from pipelines.engine.as_of import newest_metadata

#: A user's days begin with the first of which anything tells, which an import may have from before the registration. What is dated earlier
#: than ten years before it is a mistake, and gets no days: each costs a row and a step of the score.
DAYS_BEFORE_REGISTRATION = 3653

FIRST_DAYS, UP_TO = "first_days", "daily_version"


def first_days_metadata(firsts: Mapping[int, date]) -> dict[str, str]:
    """What a commit of the daily table says: the first day of each bucket of which something was said that was not known."""
    return {FIRST_DAYS: json.dumps({bucket: day.isoformat() for bucket, day in firsts.items()})}


def version_metadata(daily: Pinned) -> dict[str, str]:
    """What a commit says that has followed the daily table up to a version."""
    return {UP_TO: str(daily.version)}


def first_days(daily: Pinned, follower: Pinned, buckets: int) -> dict[int, date]:
    """The first day of each bucket that has changed since a table followed last; all days where that is not known any more."""
    seen = int(newest_metadata(follower, UP_TO) or 0)
    commits = daily.commit_metadata_since(seen)
    if not seen or len(commits) < daily.version - seen:
        return dict.fromkeys(range(buckets), date.min)
    commits_with_days = [json.loads(commit[FIRST_DAYS]) for commit in commits if FIRST_DAYS in commit]
    found = [(int(bucket), date.fromisoformat(day)) for each in commits_with_days for bucket, day in each.items()]
    keys = {bucket: position_key(bucket) for bucket in range(buckets)}
    found += [(bucket, date.min) for bucket, key in keys.items() if daily.position(key) and not follower.position(key)]
    return {bucket: min(day for its, day in found if its == bucket) for bucket, _ in found}
