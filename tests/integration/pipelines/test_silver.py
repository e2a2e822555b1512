"""What landed becomes typed events, once each; what cannot be read is put aside with its reason, and stops nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import orjson
import pyarrow as pa
import pytest
from pydantic import ValidationError

from focusflow.contracts.registry import NOUNS, Noun
from focusflow.database.session import Role
from focusflow.database.tag_key import MACRO, tag_key
from focusflow.identity import new_id
from focusflow.lake.session import Scan
from focusflow.lake.tables import CommitConflict, Lake, Pinned, TableSpec
from pipelines.engine import contract_validation, silver
from pipelines.engine.tag_hashing import hash_stored_texts
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import TAG_KEY, SampleUser, World

CANARY = "Quetzalcoatl"


def event_bytes(user: SampleUser, **changes: Any) -> bytes:
    """The bytes of a new task's event, with parts of the envelope or all of its data replaced."""
    event = user.task("2026-03-02 09:00").user.events.pop()
    return orjson.dumps(orjson.loads(event.as_bytes()) | changes)


@dataclass(frozen=True, slots=True)
class LakeWhereFirst(Lake):
    """Something happens just before silver is written."""

    happens: Callable[[], object] = lambda: None

    def open(self, spec: TableSpec) -> Pinned:
        opened = Lake.open(self, spec)
        return PinnedBefore(opened.name, opened.delta, self.happens) if spec.name == silver.EVENTS.name else opened


@dataclass(slots=True)
class PinnedBefore(Pinned):
    """A table that something happens to before it is written."""

    happens: Callable[[], object]

    def append(
        self, data: pa.Table, *, positions: Mapping[str, int], metadata: Mapping[str, str] | None = None
    ) -> None:
        self.happens()
        Pinned.append(self, data, positions=positions, metadata=metadata)


def is_killed() -> None:
    raise KeyboardInterrupt


def test_an_event_lies_in_silver_typed(world):
    ada = SampleUser("America/New_York")
    ada.events.clear()
    task = ada.task("2026-03-02 21:30", due_date="2026-03-04")
    world.land(ada.events)
    assert world.load_silver() == silver.LoadStats(read=1, kept=1, quarantined=0)
    (row,) = world.rows(silver.EVENTS.name)
    assert (row["type"], row["noun"], row["entity_version"]) == ("task.created", "task", 1)
    assert (row["user_id"], row["subject"], row["bucket"]) == (str(ada.id), str(task.id), ada.bucket)
    assert row["occurred_at"] == ada.moment("2026-03-02 21:30")
    assert (f"{row['local_date']}", row["month"], row["timezone"]) == ("2026-03-02", "2026-03", "America/New_York")
    assert orjson.loads(row["data"])["due_date"] == "2026-03-04"


def test_no_table_made_from_raw_holds_personal_text(world, tmp_path):
    ada = SampleUser()
    ada.account.happens("updated", "2026-03-01 09:00", display_name=CANARY, email=f"{CANARY}@example.com")
    task = ada.task("2026-03-02 09:00", description=CANARY, notes=CANARY, tags=[CANARY])
    task.happens("updated", "2026-03-02 10:00", title=CANARY)
    used = ada.new("activity", name="opened", properties={"x": CANARY}, session_id=CANARY, app_version=CANARY)
    used.happens("tracked", "2026-03-02 11:00")
    ada.time("2026-03-02 09:00", "2026-03-02 10:00").happens("updated", "2026-03-02 11:00", note=CANARY)
    ada.log(ada.habit("2026-03-02 09:00"), "2026-03-02", skipped=True, skip_reason=CANARY, notes=CANARY)
    start, end = ada.moment("2026-03-02 09:00"), ada.moment("2026-03-02 10:00")
    meeting = ada.new("calendar_event", title=CANARY, location=CANARY, attendees=[CANARY], start_at=start, end_at=end)
    meeting.happens("created", "2026-03-02 08:00")
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-03 12:00"))
    assert layers_that_hold(CANARY, tmp_path / "lake", world) == {"raw"}


def tags_in(world, table="silver/task_history"):
    return {str(row["user_id"]): row["tags"] for row in world.rows(table)}


def test_tags_are_hashed_alike_for_one_user_and_otherwise_for_others(world):
    ada, bob = SampleUser(), SampleUser()
    for user, tags in ((ada, ["home", CANARY, "home"]), (bob, ["home"])):
        user.task("2026-03-02 09:00", tags=tags)
        world.land(user.events)
    world.load_silver()
    world.load_histories()
    assert world.lake.open(silver.EVENTS).position(silver.TEXTS_HASHED), "nothing to do for an upgrade"
    (first, second, third), (others,) = tags_in(world)[str(ada.id)], tags_in(world)[str(bob.id)]
    assert first == third != second
    assert others != first, "nobody finds another user's tag by a tag of their own"
    assert {len(each) for each in (first, second, others)} == {32}


def test_without_a_key_no_tag_leaves_raw(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", tags=[CANARY])
    world.land(ada.events)
    silver.load_incremental(world.lake, world.session, BUCKETS)
    world.load_histories()
    assert tags_in(world) == {str(ada.id): []}


def test_the_database_hashes_tags_like_the_pipelines(world, database):
    ada, tags = SampleUser(), ["home", "Straße \U0001f3e0", ""]
    world.session.define(MACRO)
    with database.transaction(Role.API, ada.id) as tx:
        row = tx.one("select hashed_tags(%(owner)s, %(tags)s) as hashes", {"owner": ada.id, "tags": tags})
    hashed = [
        world.session.row(
            "select hashed_text($key, $owner, $tag)",
            parameters={"key": tag_key(database), "owner": str(ada.id), "tag": tag},
        )[0]
        for tag in tags
    ]
    assert row["hashes"] == hashed


def test_tags_that_an_earlier_version_left_readable_are_hashed(world, tmp_path, monkeypatch):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", tags=[CANARY, "home"])
    ada.new("activity", name="opened", session_id=CANARY).happens("tracked", "2026-03-02 11:00")
    world.land(ada.events)
    with monkeypatch.context() as patch:
        patch.setattr(silver, "MACRO", "create or replace macro hashed_text(key, owner, tag) as tag")
        patch.setattr(silver, "TEXTS_HASHED", "of an earlier version")
        world.refresh(ada.moment("2026-03-03 12:00"))
    events = world.lake.open(silver.EVENTS)
    old = "* replace (case noun when 'activity' then json_merge_patch(data, '{\"session_id\": \"Quetzalcoatl\"}') else data end::varchar as data)"
    rows = world.session.run(f"select {old} from rows", {"rows": Scan.of(events)})
    events.replace(rows, where="bucket >= 0", positions={})
    assert layers_that_hold(CANARY, tmp_path / "lake", world) == {"raw", "silver"}

    assert not world.lake.open(silver.EVENTS).position(silver.TEXTS_HASHED)
    for expected in (True, False):
        assert hash_stored_texts(world.lake, world.session, BUCKETS, TAG_KEY) is expected
    for table in ("silver/events", "silver/task_history"):
        world.lake.pinned(table).vacuum(0)
    assert layers_that_hold(CANARY, tmp_path / "lake", world) == {"raw"}
    hashes = tags_in(world)[str(ada.id)]
    (data,) = (orjson.loads(row["data"]) for row in world.rows("silver/events") if row["noun"] == "task")
    assert data["tags"] == hashes
    later = SampleUser(id_=ada.id)
    later.task("2026-03-04 09:00", tags=["home"])
    world.land(later.events[1:])
    world.load_silver()
    world.load_histories()
    assert {row["tags"][-1] for row in world.rows("silver/task_history")} == {hashes[-1]}, "old and new are alike"


def layers_that_hold(text: str, lake: Path, world: World) -> set[str]:
    """Looks into each file as it lies there, and into the rows of those that are packed."""
    found = set()
    for file in (each for each in lake.rglob("*") if each.is_file()):
        rows = f"select decode(value) from read_parquet('{file}')" if "raw" in file.parts else f"from '{file}'"
        unpacked = str(world.session.connection.execute(rows).fetchall()) if file.suffix == ".parquet" else ""
        if text.encode() in file.read_bytes() or text in unpacked:
            found.add(file.relative_to(lake).parts[0])
    return found


def test_an_event_that_came_twice_counts_once(world):
    ada = SampleUser()
    world.land([*ada.events, *ada.events])
    assert world.load_silver().kept == 1
    world.land(ada.events)
    assert world.load_silver().kept == 0
    assert len(world.rows(silver.EVENTS.name)) == 1
    assert world.rows(silver.QUARANTINE.name) == []


def test_nobody_takes_the_place_of_anothers_event_by_its_id(world):
    users = [SampleUser(zone) for zone in ("Europe/Berlin", "Asia/Tokyo", "America/New_York")]
    id_ = users[0].events[0].id
    world.land(event.model_copy(update={"id": id_}) for user in users for event in user.events)
    assert world.load_silver().kept == 3


def test_an_unreadable_event_does_not_use_up_its_id(world):
    ada = SampleUser()
    event = ada.events[0]
    world.land_bytes([(ada.bucket, orjson.dumps(orjson.loads(event.as_bytes()) | {"timezone": "Mars/Olympus"}))])
    world.land(ada.events)
    assert world.load_silver() == silver.LoadStats(read=2, kept=1, quarantined=1)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"\xff\xfe", "not UTF-8"), (b"{", "not JSON"), (b"", "not JSON"), (b"[1, 2]", "unknown type (none)")],
    ids=["bytes", "half an object", "nothing", "a list"],
)
def test_bytes_that_are_no_event_are_quarantined_and_stop_nothing(world, value, reason):
    assert_quarantined(world, SampleUser(), value, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "task.eaten"}, "unknown type task.eaten"),
        ({"dataschema": "focusflow:task:9"}, "unknown version focusflow:task:9"),
        ({"dataschema": "focusflow:goal:1"}, "unknown version focusflow:goal:1"),
        ({"id": "first"}, "id is missing or not a UUID"),
        ({"subject": None}, "subject is missing or not a UUID"),
        ({"userid": "ada"}, "userid is missing or not a UUID"),
        ({"time": "yesterday"}, "time is missing or not a moment"),
        ({"recordedtime": None}, "recordedtime is missing or not a moment"),
        ({"entityversion": 0}, "entityversion is missing or not a positive number"),
        ({"entityversion": "two"}, "entityversion is missing or not a positive number"),
        ({"localdate": "2026-02-30"}, "localdate is missing or not a date"),
        ({"timezone": "Mars/Olympus"}, "timezone is missing or unknown"),
        ({"data": []}, "data is missing or not an object"),
        ({"data": {"created_at": "soon"}}, "data.created_at is not TIMESTAMPTZ"),
        ({"data": {"estimated_minutes": "many"}}, "data.estimated_minutes is not BIGINT"),
        ({"data": {"due_at": "infinity"}}, "data.due_at is not TIMESTAMPTZ"),
        ({"data": {"due_date": "99999-01-01"}}, "data.due_date is not DATE"),
        ({"data": {"due_date": 20260302}}, "data.due_date is not DATE"),
        ({"data": {"due_at": 1e5}}, "data.due_at is not TIMESTAMPTZ"),
        ({"data": {"due_at": ["2026-03-02T09:00:00Z"]}}, "data.due_at is not TIMESTAMPTZ"),
        ({"data": {"status": True}}, "data.status is not one of pending, in_progress, completed, cancelled, archived"),
        ({"data": {"tags": "home"}}, "data.tags is not VARCHAR[]"),
        ({"data": {"tags": ["home", 7]}}, "data.tags is not VARCHAR[]"),
        ({"data": {"blocked_by": ["the other"]}}, "data.blocked_by is not VARCHAR[]"),
        ({"data": {"goal_id": "the first"}}, "data.goal_id is not UUID"),
        ({"data": {"goal_id": 7}}, "data.goal_id is not UUID"),
        ({"data": {"pinned": "yes"}}, "data.pinned is not BOOLEAN"),
        ({"data": {"estimated_minutes": 4.7}}, "data.estimated_minutes is not BIGINT"),
        ({"data": {"priority": "maximal"}}, "data.priority is not one of low, medium, high, urgent"),
        ({"data": {"recurrence": ["DAILY"]}}, "data.recurrence is not VARCHAR"),
        ({"data": {"title": {"text": "Write"}}}, "data.title is not VARCHAR"),
        ({"data": {"created_at": "2026-03-02T09:00:00"}}, "data.created_at is not TIMESTAMPTZ"),
        ({"data": {"created_at": "2026-03-02T09:00:00Z"}}, "data.title is missing"),
        ({"data": {"title": "Write"}}, "data.created_at is missing"),
        ({"data": {"title": "Write", "created_at": None}}, "data.created_at is missing"),
        ({"data": {"title": "Write", "created_at": "2026-03-02T09:00:00Z", "pinned": None}}, "data.pinned is missing"),
        (
            {"data": {"title": "Write", "created_at": "2026-03-02T09:00:00Z", "status": None}},
            "data.status is missing",
        ),
        ({"time": "2026-03-02T09:00:00"}, "time is missing or not a moment"),
        ({"entityversion": 1.6}, "entityversion is missing or not a positive number"),
        ({"actor": "ghost"}, "actor is missing or unknown"),
    ],
    ids=str,
)
def test_an_event_that_breaks_the_contract_is_quarantined_and_stops_nothing(world, changes, reason):
    ada = SampleUser()
    assert_quarantined(world, ada, event_bytes(ada, **changes), reason)


def a_value(field: contract_validation.Field) -> object:
    """One that is fit for a field."""
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)[0]
    if field.annotation is UUID:
        return str(new_id())
    return [] if field.type.endswith("[]") else FIT[field.type]


FIT = {
    "VARCHAR": "words", "BIGINT": 1, "DOUBLE": 1.5, "BOOLEAN": True, "DATE": "2026-03-02", "TIMESTAMPTZ": "2026-03-02T09:00:00Z",
    "TIME": "09:30:00", "JSON": {},
}  # fmt: skip

OF_EVERY_KIND = (
    *FIT.values(), None, 7.0, -1e5, 20260302, "1", "true", "null", "", [], [None], [1], ["words"], [[]], {"a": 1}, "0190a2b4-0000-7000-8000-000000000000",
)  # fmt: skip

#: What the contract asks beyond types is looked at where events come in, not here.
LIMITS = {"greater_than_equal", "less_than_equal", "string_too_short", "string_too_long", "too_long"}


def is_judged_alike(field: contract_validation.Field, value: object) -> bool:
    """A number in quotes is the seconds since 1970 to pydantic, and no moment to us. What stays in raw is not looked into."""
    return (field.type, value) != ("TIMESTAMPTZ", "1") and (field.is_public or not (isinstance(value, list) and value))


def is_of_its_types(noun: Noun, data: dict[str, Any]) -> bool:
    try:
        noun.data.model_validate_json(orjson.dumps(data), strict=True)
    except ValidationError as error:
        return {each["type"] for each in error.errors()} <= LIMITS
    return True


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_silver_judges_every_kind_of_value_in_every_field_as_the_contract_does(world, noun):
    ada = SampleUser()
    fields = contract_validation.fields_of(noun.data)
    good = {field.name: a_value(field) for field in fields}
    kinds = [(field, value) for field in fields for value in OF_EVERY_KIND if is_judged_alike(field, value)]
    told = [good | {field.name: value} for field, value in kinds]
    told += [{name: value for name, value in good.items() if name != field.name} for field in fields]
    envelope = {"type": noun.types[0], "dataschema": noun.schema}
    world.land_bytes((ada.bucket, event_bytes(ada, **envelope, id=str(new_id()), data=data)) for data in told)
    world.load_silver()
    aside = {orjson.dumps(orjson.loads(row["value"])["data"]) for row in world.rows(silver.QUARANTINE.name)}
    judged = [(data, orjson.dumps(data) not in aside) for data in told]
    assert judged == [(data, is_of_its_types(noun, data)) for data in told]


def assert_quarantined(world: World, ada: SampleUser, value: bytes, reason: str) -> None:
    world.land_bytes([(ada.bucket, value)])
    world.land(ada.events)
    assert world.load_silver() == silver.LoadStats(read=2, kept=1, quarantined=1)
    (aside,) = world.rows(silver.QUARANTINE.name)
    assert (aside["reason"], aside["value"], aside["log_offset"], aside["bucket"]) == (reason, value, 0, ada.bucket)


@pytest.mark.parametrize("day", ["infinity", "-infinity", "99999-01-01", "0044-03-15 (BC)"])
def test_a_date_that_no_calendar_page_has_is_quarantined(world, day):
    ada = SampleUser()
    world.land_bytes([(ada.bucket, event_bytes(ada, localdate=day))])
    assert world.load_silver().quarantined == 1


@pytest.mark.parametrize("moment", ["infinity", "99999-01-01T00:00:00Z"])
def test_a_moment_that_no_clock_shows_is_quarantined(world, moment):
    ada = SampleUser()
    world.land_bytes([(ada.bucket, event_bytes(ada, time=moment))])
    assert world.load_silver().quarantined == 1


def test_a_batch_of_nothing_but_unreadable_events_is_loaded(world):
    world.land_bytes([(bucket, b"{") for bucket in range(4)])
    assert world.load_silver().quarantined == 4
    assert world.load_silver() == silver.LoadStats()


def test_killed_between_quarantine_and_silver_nothing_is_lost_and_nothing_doubled(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00")
    world.land_bytes([(ada.bucket, b"{")])
    world.land(ada.events)
    with pytest.raises(KeyboardInterrupt):
        silver.load_incremental(LakeWhereFirst(world.lake.location, happens=is_killed), world.session, BUCKETS)
    assert len(world.rows(silver.QUARANTINE.name)) == 1
    world.land_bytes([(ada.bucket, b"[")])
    world.load_silver()
    assert [row["value"] for row in world.rows(silver.QUARANTINE.name)] == [b"{", b"["]
    assert len(world.rows(silver.EVENTS.name)) == 2


def test_of_two_that_load_the_same_events_one_is_refused(world):
    ada = SampleUser()
    world.land(ada.events)
    world.land_bytes([(ada.bucket, b"{")])
    quicker = World(world.lake)
    with pytest.raises(CommitConflict):
        silver.load_incremental(
            LakeWhereFirst(world.lake.location, happens=quicker.load_silver), world.session, BUCKETS
        )
    assert world.load_silver() == silver.LoadStats()
    assert len(world.rows(silver.EVENTS.name)) == len(world.rows(silver.QUARANTINE.name)) == 1


def test_data_that_grew_by_a_field_and_left_out_one_with_a_default_is_loaded(world):
    ada = SampleUser()
    world.land_bytes(
        [(ada.bucket, event_bytes(ada, data={"title": "Write", "created_at": "2026-03-02T09:00:00+01:00", "mood": 5}))]
    )
    assert world.load_silver().kept == 1


def test_a_log_that_is_loaded_in_pieces_comes_out_as_in_one(world):
    ada, bob = SampleUser(), SampleUser("Asia/Tokyo")
    for user in (ada, bob):
        for hour in range(9, 14):
            user.task(f"2026-03-02 {hour:02}:00")
    world.land([*ada.events, *bob.events, *ada.events])
    world.land_bytes([(ada.bucket, b"{"), (bob.bucket, b"{")])
    taken = silver.load_incremental(world.lake, world.session, BUCKETS, rows=4)
    assert taken == silver.LoadStats(read=20, kept=12, quarantined=2)
    in_pieces, put_aside = world.rows(silver.EVENTS.name), world.rows(silver.QUARANTINE.name)
    assert len(put_aside) == 2
    assert sorted(row["event_id"] for row in in_pieces) == sorted(str(each.id) for each in ada.events + bob.events)
    assert silver.load_incremental(world.lake, world.session, BUCKETS, rows=4) == silver.LoadStats()


def test_a_second_run_does_nothing(world):
    ada = SampleUser()
    world.land([*ada.events])
    world.land_bytes([(ada.bucket, b"{")])
    world.load_silver()
    before = [world.lake.open(table).version for table in (silver.EVENTS, silver.QUARANTINE)]
    assert world.load_silver() == silver.LoadStats()
    assert [world.lake.open(table).version for table in (silver.EVENTS, silver.QUARANTINE)] == before
