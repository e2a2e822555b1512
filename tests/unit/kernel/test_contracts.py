"""The contract: what an event must say, and what of it may leave raw."""

import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from docs.render import ROOT, schema_path
from focusflow.contracts.fields import Title, is_personal, public_columns
from focusflow.contracts.registry import BY_TYPE, NOUNS
from focusflow.contracts.schemas import ENVELOPE, SCHEMAS, breaks
from focusflow.contracts.task import Task
from focusflow.database.outbox import event
from focusflow.identity import bucket_of, new_id

LATE_IN_BERLIN = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def completed(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "user_id": new_id(),
        "timezone": "Europe/Berlin",
        "subject": new_id(),
        "version": 2,
        "recorded_at": LATE_IN_BERLIN,
        "data": {"title": "Write to Ada", "created_at": LATE_IN_BERLIN, "colour": "green"},
    }
    return event("task.completed", **given | changes)


def test_an_event_freezes_the_local_date_of_the_moment_it_happened():
    assert completed().localdate == date(2026, 3, 2)
    assert completed(happened_at=datetime(2026, 2, 27, 12, tzinfo=UTC)).localdate == date(2026, 2, 27)


def test_an_event_carries_the_fields_of_the_contract_and_no_others():
    made = completed(before={"status": "pending", "password_hash": "x"})
    assert "colour" not in made.data
    assert made.data["priority"] == "medium"
    assert made.before == {"status": "pending"}


def test_data_that_breaks_the_contract_is_refused():
    with pytest.raises(ValidationError):
        completed(data={"title": "", "created_at": LATE_IN_BERLIN})


def test_an_event_travels_as_one_line_of_cloudevents_json():
    read = orjson.loads(completed().as_bytes())
    assert (read["specversion"], read["type"], read["dataschema"]) == ("1.0", "task.completed", "focusflow:task:1")
    assert read["time"] == "2026-03-01T23:30:00Z"
    assert b"\n" not in completed().as_bytes()


def test_every_type_belongs_to_one_noun():
    types = [type_ for noun in NOUNS for type_ in noun.types]
    assert len(types) == len(set(types)) == len(BY_TYPE)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_no_personal_text_leaves_raw(noun):
    personal = {
        "title",
        "description",
        "notes",
        "note",
        "email",
        "display_name",
        "location",
        "attendees",
        "skip_reason",
    }
    columns = public_columns(noun.data)
    assert not personal & columns.keys()
    assert "properties" not in columns


def test_a_personal_text_is_seen_through_lists_and_options():
    hints = Task.__annotations__
    assert is_personal(hints["title"])
    assert is_personal(list[Title] | None)
    assert not is_personal(hints["priority"])


def test_users_spread_evenly_over_the_buckets():
    counts = [0] * 8
    for _ in range(4000):
        counts[bucket_of(new_id(), 8)] += 1
    assert min(counts) > 400


STRING = {"type": "string"}
PROMISED: dict[str, Any] = {
    "properties": {"title": STRING, "due": {**STRING, "description": "When."}},
    "required": ["title"],
    "x-types": ["task.created"],
    "x-personal": ["title"],
}


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"properties": {"title": STRING}}, ["due is gone"]),
        ({"properties": {"title": STRING, "due": {"type": "integer"}}}, ["due means something else"]),
        ({"required": ["title", "due"]}, ["due is needed now, and older events lack it"]),
        ({"required": []}, ["title may be missing now"]),
        ({"x-types": ["task.made"]}, ["task.created happens no more"]),
        ({"x-personal": []}, ["other fields are personal"]),
        ({"x-personal": ["title", "due"]}, ["other fields are personal"]),
        ({"properties": {**PROMISED["properties"], "notes": STRING}, "x-personal": ["title", "notes"]}, []),
        ({"x-types": ["task.created", "task.archived"]}, []),
        ({"properties": {"title": STRING, "due": {**STRING, "description": "By when."}}}, []),
    ],
)
def test_a_contract_may_grow_and_nothing_else(change, description):
    assert list(breaks(PROMISED, PROMISED | change)) == description


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_contract_keeps_what_it_promised(name):
    """Whoever changes a contract in another way gives its noun a new major version."""
    promised = json.loads((ROOT / schema_path(name)).read_text(encoding="utf-8"))
    assert list(breaks(promised, SCHEMAS[name])) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_contract_is_a_valid_schema(name):
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_an_event_meets_the_schemas_that_it_names():
    made = orjson.loads(completed().as_bytes())
    Draft202012Validator(SCHEMAS[ENVELOPE]).validate(made)
    Draft202012Validator(SCHEMAS[made["dataschema"]]).validate(made["data"])
