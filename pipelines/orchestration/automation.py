"""When Dagster refreshes: each hour, because deadlines come nearer without any event, and as soon as raw has moved on where no resident
refresher is at work. When reports are due, and when a model is trained.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from focusflow import clock
from focusflow.database.audit_chain import AuditChain
from focusflow.database.lease import Lease, is_held
from focusflow.errors import Unavailable
from focusflow.lake.tables import RAW_EVENTS, position_key
from focusflow.mail import mailer
from ingestion.calendars.sync import AT_ONCE, CalendarSync
from models.serving.scoring import BASELINE_VERSION
from pipelines.engine import integrity, priorities
from pipelines.engine.as_of import newest_metadata
from pipelines.engine.maintenance import Maintenance
from pipelines.engine.partitions import month_of, touched_since
from pipelines.engine.silver import EVENTS
from pipelines.orchestration import history
from pipelines.orchestration.assets.reconciliation import conservation_check
from pipelines.orchestration.assets.reference import reference_check
from pipelines.orchestration.assets.reports import achieved, deliveries, opened, reminded, schedulers
from pipelines.orchestration.assets.retention import retention
from pipelines.orchestration.assets.tables import OWNERS
from pipelines.orchestration.resources import Installation
from pipelines.orchestration.run_launcher import USES
from pipelines.privacy.erasure import Eraser
from pipelines.privacy.export import Exporter
from pipelines.privacy.exports import Exports
from reports.notifications.delivery import reminders
from reports.notifications.plan_scheduler import plans


@dg.failure_hook(required_resource_keys={"installation"})
def mend_damage(context: dg.HookContext) -> None:
    """A step that failed for a damaged file of the lake: what can be repaired is, and the next attempt begins with it."""
    if context.op_exception is not None and integrity.is_damage_behind(context.op_exception):
        installation: Installation = context.resources.installation
        with installation.database() as database:
            outcome = integrity.heal(installation.lake, database, installation.buckets)
        for sentence in (*outcome.mended, *outcome.lost):
            context.log.warning(sentence)


refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.groups("reports", "training", "quality", "privacy")
    - dg.AssetSelection.checks(conservation_check, reference_check),
    description="Bring every table up to what has landed, check it, and publish the scores.",
    executor_def=dg.in_process_executor,
    config={"ops": {"gold__productivity_daily": {"config": {"anew": False}}}},
    hooks={mend_damage},
    owners=OWNERS,
    tags={"dagster/max_runtime": "3600", "dagster/max_retries": "2", "dagster/retry_strategy": "ALL_STEPS"},
)

write_data_docs = dg.define_asset_job(
    "write_data_docs",
    selection=dg.AssetSelection.groups("quality"),
    description="Hold every table against its rules, and write Great Expectations' pages of it.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "checks", "dagster/max_runtime": "3600"},
)

score_tasks = dg.define_asset_job(
    "score_tasks",
    selection=dg.AssetSelection.groups("ml"),
    description="Score what is open by whatever serves, and publish it. Each refresh does so too.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={"dagster/max_runtime": "3600"},
)

train_priority_model = dg.define_asset_job(
    "train_priority_model",
    selection=dg.AssetSelection.groups("training"),
    description="Train a challenger on all histories, and let it serve if it is better.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "training", "dagster/max_runtime": "14400"},
)

weekly_reports = dg.define_asset_job(
    "weekly_reports",
    selection=dg.AssetSelection.assets(deliveries),
    description="Mail the reports of everybody whose hour has come. Run it as often as you like: nobody gets a period's twice.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "reports", "dagster/max_runtime": "7200"},
)


@dg.op(description="Put small files together, and clear away what no version needs.")
def tidy(context: dg.OpExecutionContext, installation: Installation) -> None:
    with installation.database() as database:
        work = Maintenance(installation.lake, installation.session(), database, installation.settings, clock.now())
        done = {each.table: each.amounts for each in work.tidy()}
    context.add_output_metadata({"done": dg.MetadataValue.json(done)})


@dg.job(
    description="Keep the lake and the outbox small and quick to open. Nobody who reads or writes notices.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={"dagster/max_runtime": "7200"},
)
def maintenance() -> None:
    tidy()


delete_expired = dg.define_asset_job(
    "delete_expired",
    selection=dg.AssetSelection.assets(retention),
    description="Delete what was kept as long as the settings say.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={"dagster/max_runtime": "7200"},
)


@dg.op(description="Delete old runs with their events. What is shown as the newest of an asset or check stays.")
def delete_old_runs(context: dg.OpExecutionContext, installation: Installation) -> None:
    deleted = history.prune(context.instance, installation.settings, refresh.name, clock.now())
    context.add_output_metadata({"runs": deleted})


@dg.job(
    description="Keep Dagster's own history small: runs and events, which it would keep forever.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "history", "dagster/max_runtime": "3600"},
)
def prune_history() -> None:
    delete_old_runs()


verify = dg.define_asset_job(
    "verify",
    selection=dg.AssetSelection.checks(conservation_check),
    description="Count every event from Postgres to silver. It changes nothing.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "checks", "dagster/max_runtime": "7200"},
)

compare_with_reference = dg.define_asset_job(
    "compare_with_reference",
    selection=dg.AssetSelection.checks(reference_check),
    description="Compute random days again by the reference, and compare. It changes nothing.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "checks", "dagster/max_runtime": "3600"},
)

send_reminders = dg.define_asset_job(
    "send_reminders",
    selection=dg.AssetSelection.assets(reminded),
    description="Tell of plans, of what is due or falls behind, and of reminders whose moment has come; by mail to who chose so.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "reminders", "dagster/max_runtime": "3600"},
)

tell_achievements = dg.define_asset_job(
    "tell_achievements",
    selection=dg.AssetSelection.assets(achieved),
    description="See what people reached, and tell them.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "achievements", "dagster/max_runtime": "3600"},
)


@dg.op(description="Write the exports that users asked for, each as a ZIP under the home.")
def write_exports(context: dg.OpExecutionContext, installation: Installation) -> None:
    settings = installation.settings
    with installation.database(connections=2) as database:
        exporter = Exporter(database, installation.lake, installation.session(), settings.home, settings.buckets)
        counts = Exports(database, settings).write_requested(exporter)
    context.add_output_metadata(dict(counts))


@dg.job(
    description="Write the exports that users asked for: everything about each of them.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "exports", "dagster/max_runtime": "3600"},
)
def export_users() -> None:
    write_exports()


@dg.op(description="Synchronize the connected calendars that are due, several at a time.")
def synchronize_calendars(context: dg.OpExecutionContext, installation: Installation) -> None:
    with installation.database(connections=AT_ONCE + 1) as database:
        counts = CalendarSync.of(installation.settings, database).run()
    context.add_output_metadata(dict(counts))


@dg.job(
    description="Read the calendars that users connected, and write to those of CalDAV servers. A slow server holds up no other.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={USES: "calendars", "dagster/max_runtime": "3600"},
)
def sync_calendars() -> None:
    synchronize_calendars()


@dg.op(description="Erase the users whose grace period is over, and go on with erasures that were interrupted.")
def erase_due(context: dg.OpExecutionContext, installation: Installation) -> None:
    with installation.database(connections=2) as database:
        counts = Eraser(database, installation.lake, installation.session(), installation.settings).run()
    context.add_output_metadata(dict(counts))


@dg.job(
    description="Erase users: everything that is stored about each, in steps that go on where they were interrupted.",
    executor_def=dg.in_process_executor,
    owners=OWNERS,
    tags={"dagster/max_runtime": "7200"},
)
def erase_users() -> None:
    erase_due()


#: So long after a refresh that failed, the next is tried although nothing new has landed.
RETRY_SECONDS = 180

#: How often the sensor looks. It is the safety net of the resident refresher, which is woken by the lander.
LOOK_SECONDS = 30

#: A refresher that built nothing for so long, although events have landed, is not waited for.
STALLED_SECONDS = 120

#: Among so many runs of a job is every one that has not ended: the sensor's, the schedule's, and those that are tried again.
NEWEST = 20
UNDER_WAY = frozenset(
    {
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    }
)


def raw_commits(installation: Installation) -> dg.SensorDefinition:
    """It holds the installation. To be handed it as a resource, Dagster would open its own database again for every look."""
    refresher = RefresherWatch(installation)

    @dg.sensor(
        name="raw_commits",
        owners=OWNERS,
        job=refresh,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="While no resident refresher is at work: starts a refresh of the months that new raw events touch, once the one before has ended and a pause has passed.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if refresher.is_at_work():
            return dg.SkipReason("The resident refresher is at work.")
        refreshes = _newest(context.instance, refresh.name)
        if _is_under_way(refreshes):  # it reads what lands until it begins; the rest is for the next
            return dg.SkipReason("A refresh is under way.")
        rested_since = clock.now().timestamp() - installation.settings.refresh_pause_seconds
        if any(each.end_time and each.end_time > rested_since for each in refreshes):
            return dg.SkipReason("The last refresh has only just ended.")
        found = _what_landed(installation, json.loads(context.cursor) if context.cursor else {})
        return _again(refreshes[0]) if isinstance(found, dg.SkipReason) and _has_failed(refreshes) else found

    return look


@dataclass(slots=True)
class RefresherWatch:
    """Sees whether there is a resident refresher, and whether the tables follow what lands."""

    installation: Installation
    _followed: int | None = None  # the version of raw that silver has
    _behind: tuple[int, float] | None = None  # the version at which silver stands still, and since when

    def is_at_work(self) -> bool:
        try:
            with self.installation.database() as database, database.owner() as connection:
                is_alive = is_held(connection, Lease.REFRESHER)
        except Unavailable:
            return True  # nobody can refresh without the database
        return is_alive and not self._is_stalled()

    def _is_stalled(self) -> bool:
        lake = self.installation.lake
        landed = lake.version(RAW_EVENTS.name)
        if landed == self._followed:
            return False
        raw, silver = lake.pinned(RAW_EVENTS.name), lake.pinned(EVENTS.name)
        keys = [position_key(bucket) for bucket in range(self.installation.buckets)]
        if raw is None or (silver and all(silver.position(key) >= raw.position(key) for key in keys)):
            self._followed, self._behind = landed, None
            return False
        version, now = silver.version if silver else -1, time.monotonic()
        if self._behind is None or self._behind[0] != version:
            self._behind = version, now
        return now - self._behind[1] > STALLED_SECONDS


def _has_failed(refreshes: Sequence[dg.RunRecord]) -> bool:
    """Whether the last refresh failed some time ago. Its own retries are over then, and what it failed for, like a full disk, may be too."""
    newest = refreshes[0] if refreshes else None
    return (
        newest is not None
        and newest.dagster_run.status is dg.DagsterRunStatus.FAILURE
        and clock.now().timestamp() - (newest.end_time or 0) > RETRY_SECONDS
    )


def _again(failed: dg.RunRecord) -> dg.SensorResult:
    """A refresh of the same months, and of this one."""
    this_month, tags = month_of(clock.now().date()), failed.dagster_run.tags
    start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    first = min(tags.get(start) or tags.get("dagster/partition") or this_month, this_month)
    run_key = f"after-{failed.dagster_run.run_id}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key, tags={start: first, end: this_month})])


def _is_under_way(runs: Sequence[dg.RunRecord]) -> bool:
    return any(each.dagster_run.status in UNDER_WAY for each in runs)


def _newest(instance: dg.DagsterInstance, job: str) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(job_name=job), limit=NEWEST)


def _what_landed(installation: Installation, seen: Mapping[str, int]) -> dg.SensorResult | dg.SkipReason:
    raw = installation.lake.pinned(RAW_EVENTS.name)
    if raw is None:
        return dg.SkipReason("Nothing has landed yet.")
    now = {position_key(bucket): raw.position(position_key(bucket)) for bucket in range(installation.buckets)}
    if now == seen:
        return dg.SkipReason("Nothing has landed since the last refresh.")
    positions = {bucket: seen.get(position_key(bucket), 0) for bucket in range(installation.buckets)}
    today = clock.now().date()
    first, _ = touched_since(raw, installation.session(), positions) or (today, today)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"raw-{raw.version}",
                tags={
                    "dagster/asset_partition_range_start": min(month_of(first), month_of(today)),
                    "dagster/asset_partition_range_end": month_of(today),
                },
            )
        ],
        cursor=json.dumps(now),
    )


@dg.schedule(
    owners=OWNERS,
    job=refresh,
    cron_schedule="7 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour, while no resident refresher does so: a new local day begins somewhere, and deadlines come nearer.",
)
def refresh_hourly(context: dg.ScheduleEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    if RefresherWatch(installation).is_at_work():
        return dg.SkipReason("The resident refresher is at work.")
    return dg.RunRequest(partition_key=month_of(context.scheduled_execution_time.date()))


@dg.schedule(
    owners=OWNERS,
    job=weekly_reports,
    cron_schedule="*/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each quarter of an hour a full hour begins somewhere. A run starts only when somebody is due.",
)
def report_hours(installation: Installation) -> dg.RunRequest | dg.SkipReason:
    with opened(installation) as sender:
        return dg.RunRequest() if sender.is_awaited() else dg.SkipReason("Nobody is due.")


achievements_hourly = dg.ScheduleDefinition(
    name="achievements_hourly",
    owners=OWNERS,
    job=tell_achievements,
    cron_schedule="37 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour: what somebody reached may wait so long.",
)


data_docs_hourly = dg.ScheduleDefinition(
    name="data_docs_hourly",
    owners=OWNERS,
    job=write_data_docs,
    cron_schedule="52 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour, between two hourly refreshes.",
)


retention_nightly = dg.ScheduleDefinition(
    name="retention_nightly",
    owners=OWNERS,
    job=delete_expired,
    cron_schedule="7 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, before files are put together.",
)


maintenance_nightly = dg.ScheduleDefinition(
    name="maintenance_nightly",
    owners=OWNERS,
    job=maintenance,
    cron_schedule="17 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, when few are about.",
)


history_hourly = dg.ScheduleDefinition(
    name="history_hourly",
    owners=OWNERS,
    job=prune_history,
    cron_schedule="27 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour: refreshes are frequent, and each leaves some megabytes.",
)


verify_nightly = dg.ScheduleDefinition(
    name="verify_nightly",
    owners=OWNERS,
    job=verify,
    cron_schedule="47 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, after what was kept long enough has been let go.",
)


#: So long after a training for which there was too little history the first model is tried again, and so long after one that failed: that may
#: have been killed, and the history is there.
FIRST_MODEL_SECONDS, FAILED_SECONDS = 24 * 3600, 600


@dg.sensor(
    owners=OWNERS,
    jobs=[train_priority_model, score_tasks],
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Trains the first model once there is a history, and scores what is open again when another model serves.",
)
def model_changes(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    scores = installation.lake.pinned(priorities.SCORES.name)
    if scores is None:
        return dg.SkipReason("Nothing has been scored yet.")
    if not installation.models.versions():
        trainings = _newest(context.instance, train_priority_model.name)
        now = clock.now().timestamp()
        if _is_under_way(trainings) or any(now < _tried_again_at(each) for each in trainings):
            return dg.SkipReason("There is too little history for a model.")
        return dg.RunRequest(job_name=train_priority_model.name)
    serving = installation.models.current() or BASELINE_VERSION
    if newest_metadata(scores, "model") == serving or _is_under_way(_newest(context.instance, score_tasks.name)):
        return dg.SkipReason("The scores are of the model that serves.")
    # Once for each change: a model that cannot be read is never that of the scores.
    return dg.RunRequest(job_name=score_tasks.name, run_key=f"{serving}-{installation.models.mark()}")


def _tried_again_at(training: dg.RunRecord) -> float:
    is_failed = training.dagster_run.status is not dg.DagsterRunStatus.SUCCESS
    return (training.end_time or 0) + (FAILED_SECONDS if is_failed else FIRST_MODEL_SECONDS)


reference_nightly = dg.ScheduleDefinition(
    name="reference_nightly",
    owners=OWNERS,
    job=compare_with_reference,
    cron_schedule="12 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, with other users and days each time.",
)


@dg.schedule(
    owners=OWNERS,
    job=train_priority_model,
    cron_schedule="23 3 * * 0",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a week, in the night to Sunday: what people do changes slowly.",
)
def weekly_training() -> dg.RunRequest:
    return dg.RunRequest()


@dg.sensor(
    owners=OWNERS,
    job=send_reminders,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when the moment of a plan or a reminder has come.",
)
def reminder_times(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    if _is_under_way(_newest(context.instance, send_reminders.name)):
        return dg.SkipReason("A run is under way.")
    settings = installation.settings
    with installation.database() as database:
        waiting = (
            reminders(
                settings, database, mailer(settings)
            ).due()  # first: where plans cannot be made, these still go out
            or any(scheduler.due() for scheduler in schedulers(database).values())
            or plans(settings, database).due()
        )
    return dg.RunRequest() if waiting else dg.SkipReason("No plan or reminder is due.")


@dg.sensor(
    owners=OWNERS,
    job=export_users,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when a user has asked for an export.",
)
def requested_exports(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    if _is_under_way(_newest(context.instance, export_users.name)):
        return dg.SkipReason("A run is under way.")
    with installation.database() as database:
        are_waiting = Exports(database, installation.settings).are_waiting()
    return dg.RunRequest() if are_waiting else dg.SkipReason("No export is requested.")


@dg.sensor(
    owners=OWNERS,
    job=sync_calendars,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when a connected calendar is due.",
)
def due_calendars(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    if _is_under_way(_newest(context.instance, sync_calendars.name)):
        return dg.SkipReason("A run is under way.")
    with installation.database() as database:
        are_due = CalendarSync.of(installation.settings, database).are_due()
    return dg.RunRequest() if are_due else dg.SkipReason("No calendar is due.")


@dg.sensor(
    owners=OWNERS,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Seals new entries of the audit log itself, without a run, so that nobody changes them unnoticed.",
)
def audit_seals(installation: Installation) -> dg.SkipReason:
    with installation.database() as database:
        count = AuditChain(installation.settings, database).seal()
    return dg.SkipReason(f"{count} entries were sealed.")


@dg.sensor(
    owners=OWNERS,
    job=erase_users,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when an erasure is due, was interrupted, or no longer has to wait for readers.",
)
def due_erasures(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    if _is_under_way(_newest(context.instance, erase_users.name)):
        return dg.SkipReason("A run is under way.")
    with installation.database() as database:
        are_due = Eraser(database, installation.lake, installation.session(), installation.settings).are_due()
    return dg.RunRequest() if are_due else dg.SkipReason("No erasure is due.")
