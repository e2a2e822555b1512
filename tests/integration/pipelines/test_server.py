"""What a Dagster that was killed leaves behind for the next one."""

import dagster as dg
import pytest

from pipelines.server import end_abandoned_runs


@dg.op
def nothing():
    pass


@dg.job
def idle():
    nothing()


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


def test_a_run_that_was_killed_gives_up_its_places_and_counts_as_failed(instance):
    instance.event_log_storage.initialize_concurrency_limit_to_default("gold")
    instance.event_log_storage.set_concurrency_slots("gold", 1)
    run = instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
    assert instance.event_log_storage.claim_concurrency_slot("gold", run.run_id, "step").is_claimed
    end_abandoned_runs(instance)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert instance.event_log_storage.claim_concurrency_slot("gold", "another run", "step").is_claimed


def test_a_run_that_waits_or_has_ended_is_left_alone(instance):
    statuses = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS]
    runs = [instance.create_run_for_job(idle, status=status) for status in statuses]
    end_abandoned_runs(instance)
    assert [instance.get_run_by_id(run.run_id).status for run in runs] == statuses
