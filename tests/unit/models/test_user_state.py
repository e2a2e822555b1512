"""What is remembered of a user since the last batch."""

from datetime import UTC, datetime

import orjson
import polars as pl
import pytest

from models.features.user_state import recalled

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("moved", [{"a": 2}, [{"task_id": "a", "reschedules": 2}]], ids=["now", "before an upgrade"])
def test_a_memory_is_read_in_the_form_of_this_version_and_of_the_one_before(moved):
    tasks = pl.DataFrame(
        {
            "task_id": ["a", "b"],
            "category_id": [None, "work"],
            "parent_task_id": [None, None],
            "priority": ["high", "low"],
            "tags": [[], []],
            "created_at": [NOW, NOW],
        },
        schema_overrides={"parent_task_id": pl.String, "tags": pl.List(pl.String)},
    )
    memory = orjson.dumps({"rates": [], "moved": moved}).decode()
    assert recalled(tasks, memory, NOW)["reschedules"].to_list() == [2, None]
