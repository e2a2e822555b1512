"""Events of lineage reach a receiver: of what the refresher built, and of what runs of Dagster built, or failed to build."""

import json
import os
from importlib.util import find_spec

import dagster as dg
import pytest
from pydantic import SecretStr

from focusflow.settings import Settings
from pipelines.engine import descriptions
from pipelines.orchestration.assets.tables import result
from pipelines.orchestration.lineage_events import lineage_events
from pipelines.orchestration.refresher_reports import RefresherReports
from pipelines.orchestration.server import opened, prepared_home
from tests.conftest import BUCKETS

DAILY = "gold/productivity_daily"

if find_spec("openlineage") is None and not os.environ.get("CI"):
    pytest.skip("There is no openlineage. `make .venv/.dev` installs it.", allow_module_level=True)


@pytest.fixture
def instance(tmp_path, monkeypatch):
    for name in ("DAGSTER_HOME", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
    with opened(prepared_home(Settings(home=tmp_path, _env_file=None))) as instance:
        yield instance


def settings(url):
    key = SecretStr("a key")
    return Settings(openlineage_url=url, openlineage_api_key=key, openlineage_namespace="at home", _env_file=None)


def events(receiver):
    return [json.loads(body) for _, body in receiver.at("/api/v1/lineage")]


def of(receiver, table):
    return [each for each in events(receiver) if each["job"]["name"] == table]


def test_a_build_of_the_refresher_is_a_run_with_its_inputs_schema_and_column_lineage(site, instance, receiver):
    site.land()
    assert site.refresher().refresh_once()
    with lineage_events(settings(receiver.url("").rstrip("/"))):
        RefresherReports(instance, site.lake, BUCKETS, site.database, seconds=60).report()
    start, complete = of(receiver, "gold.productivity_daily")
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert start["eventTime"] < complete["eventTime"]
    table = descriptions.table(DAILY)
    assert [each["name"] for each in complete["inputs"]] == [name.replace("/", ".") for name in table.reads]
    (output,) = complete["outputs"]
    assert (output["namespace"], output["name"]) == ("at home", "gold.productivity_daily")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == site.lake.pinned(DAILY).rows()
    assert output["facets"]["version"]["datasetVersion"] == str(site.lake.version(DAILY))
    fields = {each["name"]: each for each in output["facets"]["schema"]["fields"]}
    assert fields["focus_minutes"]["type"] == "DOUBLE"
    assert "Minutes" in fields["focus_minutes"]["description"]
    made = output["facets"]["columnLineage"]["fields"]["focus_minutes"]["inputFields"]
    direct = {(each["name"], each["field"]) for each in made if each["transformations"][0]["type"] == "DIRECT"}
    assert ("silver.time_entry_history", "started_at") in direct
    assert {each["transformations"][0]["type"] for each in made} == {"DIRECT", "INDIRECT"}
    assert {headers["Authorization"] for path, headers, _ in receiver.received} == {"Bearer a key"}


def test_a_run_of_dagster_is_the_parent_and_a_failure_says_nothing_of_its_text(site, instance, receiver):
    @dg.asset(key=["gold", "retention"])
    def well():
        return result(site.lake, "gold/retention", 1)

    @dg.asset(key=["gold", "funnel"])
    def failing():
        raise ValueError("a secret title")

    @dg.asset
    def no_table():
        pass

    with lineage_events(settings(receiver.url("").rstrip("/"))):
        run = dg.materialize([well, failing, no_table], instance=instance, raise_on_error=False)
    assert {each["job"]["name"] for each in events(receiver)} == {"gold.retention", "gold.funnel"}
    complete = of(receiver, "gold.retention")[-1]
    assert complete["run"]["facets"]["parent"]["run"]["runId"] == run.run_id
    assert [each["eventType"] for each in of(receiver, "gold.funnel")] == ["START", "FAIL"]
    assert not [body for _, body in receiver.at("/api/v1/lineage") if b"secret" in body]


def test_a_receiver_that_is_away_fails_no_run(instance, caplog):
    @dg.asset(key=["gold", "retention"])
    def well():
        pass

    with lineage_events(settings("http://127.0.0.1:9")):
        assert dg.materialize([well], instance=instance).success


def test_without_a_receiver_nothing_is_sent(instance, receiver):
    @dg.asset(key=["gold", "retention"])
    def well():
        pass

    with lineage_events(Settings(_env_file=None)):
        assert dg.materialize([well], instance=instance).success
    assert receiver.received == []
