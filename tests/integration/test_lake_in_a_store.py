"""An installation whose lake is in an S3-compatible store over HTTP: every command does there what it does in a folder."""

import threading

import pytest

from dashboard import app_state
from dashboard.data import lake as pages
from focusflow.database import outbox
from focusflow.database.session import Database, Role
from focusflow.errors import Problem, SetupProblem
from focusflow.identity import bucket_of
from focusflow.lake.tables import RAW_EVENTS, RESTORING, CommitConflict, Lake, position_key
from focusflow.settings import load_settings
from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from pipelines.engine import integrity
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.conftest import raw_rows_of, write_events
from tests.integration.object_store import bucket, endpoint, keys
from tests.integration.test_backup import KEYS, Home, accepted, empty_url, run

__all__ = ["bucket", "empty_url", "endpoint", "run"]  # fixtures

ADDRESS = "s3://backups/lake"


class StoreHome(Home):
    def __init__(self, folder, database, url):
        super().__init__(folder, database, url)
        self.lake = opened()


def opened(address=ADDRESS):
    return Lake.of(load_settings(lake_url=address))


@pytest.fixture
def home(bucket, tmp_path, database, database_url, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_LAKE", ADDRESS)
    made = StoreHome(tmp_path / "home", database, database_url)
    register(made)
    made.accept()
    return made


def register(home):
    with home.database.transaction(Role.API, home.user) as tx:
        account = {"email": "ada@example.com", "display_name": "Ada", "timezone": "Europe/Berlin"}
        outbox.append(
            tx,
            [
                outbox.event(
                    "user.registered",
                    user_id=home.user,
                    timezone="Europe/Berlin",
                    subject=home.user,
                    version=1,
                    data=account,
                    recorded_at=tx.now,
                )
            ],
        )


@pytest.fixture
def command(run, home):
    """Runs a command of the home, which is to succeed."""

    def succeed(*arguments):
        done = run(home.folder, home.url, *arguments)
        assert done.exit_code == 0, done.output
        return done.output

    return succeed


def test_every_command_works_over_the_store(home, command, tmp_path):
    home.land()
    command("refresh")
    assert '"tasks_open": 3' in command(
        "sql", "--json", "from gold.productivity_daily order by local_date desc limit 1"
    )
    assert "raw/events 4" in run_anyhow(command, "doctor")
    assert "cannot" not in run_anyhow(command, "status")
    assert "Nothing is lost, nothing is doubled" in command("verify", "--deep")
    assert [row["tasks_open"] for row in page_rows(home, tmp_path)] == [3]
    assert not (home.folder / "lake").exists()


def test_old_files_are_cleared_away_and_a_user_is_erased(home, command, bucket, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_ERASURE_WAIT_HOURS", "0")
    for _ in range(2):
        home.accept()
        home.land()
    home.refresh()
    command("maintain")
    command("erase", str(home.user), "--yes")
    assert "Nothing is lost" in command("verify", "--deep")
    written = b"".join(each.get()["Body"].read() for each in bucket.objects.all() if each.key.endswith(".json"))
    assert str(home.user).encode() not in written
    values = b"".join(row[0] for row in raw_rows_of(opened(), "value"))
    assert str(home.user).encode() not in values


def run_anyhow(command, *arguments):
    """What a command prints, also where it says that something is to be done."""
    try:
        return command(*arguments)
    except AssertionError as ended:
        return str(ended)


def page_rows(home, folder):
    """The days of the user, as a page reads them."""
    app_state.provide(load_settings(home=folder, lake_url=ADDRESS), None)  # type: ignore[arg-type]  # nobody signs in
    try:
        table = opened().pinned("gold/productivity_daily")
        pages._table.cache_clear()
        pages._files.cache_clear()
        return pages._rows(table, str(home.user), None).sort("local_date").tail(1).to_dicts()
    finally:
        app_state._provided.clear()


def test_of_several_landers_at_once_each_event_lands_once(home):
    stop = threading.Event()
    problems = []

    def land():
        while not stop.is_set():
            try:
                open_ingestion(home.database, opened(), buckets=BUCKETS, rows=7, age_seconds=0).drain()
            except CommitConflict:
                continue  # the other one was quicker: begin where it stopped
            except Exception as problem:  # noqa: BLE001 (said below)
                problems.append(problem)
                return

    landers = [threading.Thread(target=land) for _ in range(2)]
    for each in landers:
        each.start()
    users = [add_user(home.database) for _ in range(4)]
    for _ in range(3):
        for user in users:
            write_events(home.database, user, 3)
    stop.set()
    for each in landers:
        each.join(60)
    assert problems == []
    home.land()
    landed = raw_rows_of(opened())
    places = [row[:2] for row in landed]
    assert len(places) == len(set(places))
    assert {row[2] for row in landed} == accepted(home.database)
    assert judge(count(home.database, opened())).is_sound


def test_a_lander_that_is_killed_before_its_commit_leaves_nothing_behind_and_the_next_one_goes_on(home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("focusflow.lake.tables.write_deltalake", killed)
        with pytest.raises(KeyboardInterrupt):
            home.land()
    raw = opened().open(RAW_EVENTS)
    assert [raw.position(position_key(each)) for each in range(BUCKETS)] == [0] * BUCKETS
    home.land()
    assert {row[2] for row in raw_rows_of(opened())} == accepted(home.database)


def killed(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("key", ["place", "store"])
def test_a_backup_is_restored_to_a_store_and_to_a_folder(  # noqa: PLR0917 (fixtures)
    home, command, run, empty_url, tmp_path, monkeypatch, key
):
    """Which is also how a lake moves from one to the other."""
    model = home.folder / "lake" / "models" / "priority" / "1" / "card.json"
    model.parent.mkdir(parents=True)
    model.write_text("{}")
    home.land()
    home.refresh()
    place = str(tmp_path / "backups") if key == "place" else "s3://backups/saved"
    command("backup", place)
    home.accept(1)
    home.land()
    assert "0 of" not in command("backup", place)
    address = str(tmp_path / "moved") if key == "place" else "s3://backups/restored"
    monkeypatch.setenv("FOCUSFLOW_LAKE", address)
    restored = run(tmp_path / "restored", empty_url, "restore", place)
    assert restored.exit_code == 0, restored.output
    assert "Nothing is lost, nothing is doubled" in restored.output
    assert (tmp_path / "restored/secrets/signing-key").read_text() == KEYS
    settings = load_settings(home=tmp_path / "restored", lake_url=address)
    assert (settings.models_folder / "1" / "card.json").read_text() == "{}"
    lake = Lake.of(settings)
    assert {row[2] for row in raw_rows_of(lake)} == accepted(home.database)
    with Database(empty_url, connections=1) as database, database.transaction(Role.REPORTING) as tx:
        assert tx.one("select from users where id = %(id)s", {"id": home.user}) is not None
    with pytest.raises(SetupProblem, match=r"There is a lake in .* already"):
        run(tmp_path / "other", empty_url, "restore", place)


def test_a_restore_to_a_store_that_was_cut_off_is_no_lake_and_is_done_again(  # noqa: PLR0917 (fixtures)
    home, command, run, bucket, empty_url, tmp_path, monkeypatch
):
    home.land()
    command("backup", str(tmp_path / "backups"))
    monkeypatch.setenv("FOCUSFLOW_LAKE", "s3://backups/restored")
    with monkeypatch.context() as patch:
        patch.setattr("focusflow.backup._restore_database", killed)
        cut_off = run_to_its_end(run, tmp_path / "restored", empty_url, "restore", str(tmp_path / "backups"))
    assert cut_off
    assert keys(bucket, RESTORING)
    with pytest.raises(SetupProblem, match="focusflow restore"):
        opened("s3://backups/restored").open(RAW_EVENTS)
    again = run(tmp_path / "restored", empty_url, "restore", str(tmp_path / "backups"))
    assert again.exit_code == 0, again.output
    assert not keys(bucket, RESTORING)
    assert {row[2] for row in raw_rows_of(opened("s3://backups/restored"))} == accepted(home.database)


def run_to_its_end(run, *arguments):
    try:
        return run(*arguments).exit_code != 0
    except KeyboardInterrupt:
        return True


def test_damaged_files_of_the_store_are_found_and_put_back_from_the_outbox(home, run, bucket):
    home.land()
    home.refresh()
    (raw, *_) = sorted(keys(bucket, f"raw/events/bucket={bucket_of(home.user, BUCKETS)}"))
    bucket.Object(raw).put(Body=b"PAR1 of something else")
    found = run(home.folder, home.url, "verify", "--deep")
    assert found.exit_code == 1
    assert "has another length" in found.output
    outcome = integrity.repair(home.lake, home.database, BUCKETS, integrity.verify(home.lake, is_deep=True))
    assert outcome.lost == []
    assert {row[2] for row in raw_rows_of(opened())} == accepted(home.database)
    bucket.Object(next(key for key in keys(bucket, "silver/events/") if "parquet" in key)).delete()
    integrity.repair(home.lake, home.database, BUCKETS, integrity.verify(home.lake, is_deep=False))
    assert integrity.rebuild_marked(home.lake, BUCKETS)
    home.refresh()
    assert run(home.folder, home.url, "verify", "--deep").exit_code == 0


def test_a_store_that_does_not_answer_is_named(home, run, monkeypatch):
    home.land()
    monkeypatch.setattr("focusflow.object_store.RETRIES", 0)
    monkeypatch.setattr("focusflow.object_store.CONNECT_SECONDS", 1)
    monkeypatch.setenv("FOCUSFLOW_S3_ENDPOINT", "http://127.0.0.1:9")
    for arguments in (["refresh"], ["verify"], ["land", "--once"], ["sql", "select 1"]):
        with pytest.raises(Problem, match="FOCUSFLOW_S3_ENDPOINT"):
            run(home.folder, home.url, *arguments)
    assert "FOCUSFLOW_S3_ENDPOINT" in run(home.folder, home.url, "doctor").output
