"""What Dagster loads. It only gathers; see `assets/` for the tables, `automation.py` for when, `checks.py` for what must hold."""

import dagster as dg

from pipelines.orchestration.asset_checks import table_checks
from pipelines.orchestration.assets.reconciliation import conservation_check
from pipelines.orchestration.assets.reference import reference_check
from pipelines.orchestration.assets.reports import report_assets
from pipelines.orchestration.assets.retention import retention
from pipelines.orchestration.assets.scores import score_assets
from pipelines.orchestration.assets.tables import table_assets
from pipelines.orchestration.assets.training import drift_check, priority_model
from pipelines.orchestration.automation import (
    achievements_hourly,
    audit_seals,
    compare_with_reference,
    data_docs_hourly,
    delete_expired,
    due_calendars,
    due_erasures,
    erase_users,
    export_users,
    history_hourly,
    maintenance,
    maintenance_nightly,
    model_changes,
    prune_history,
    raw_commits,
    reference_nightly,
    refresh,
    refresh_hourly,
    reminder_times,
    report_hours,
    requested_exports,
    retention_nightly,
    score_tasks,
    send_reminders,
    sync_calendars,
    tell_achievements,
    train_priority_model,
    verify,
    verify_nightly,
    weekly_reports,
    weekly_training,
    write_data_docs,
)
from pipelines.orchestration.resources import Installation


def build_defs(installation: Installation | None = None) -> dg.Definitions:
    """The definitions over an installation; the one that the settings name, unless another is given."""
    installation = installation or Installation()
    return dg.Definitions(
        assets=[*table_assets, *score_assets, *report_assets, priority_model, retention],
        asset_checks=[*table_checks, drift_check, conservation_check, reference_check],
        jobs=[
            refresh,
            write_data_docs,
            score_tasks,
            train_priority_model,
            weekly_reports,
            send_reminders,
            tell_achievements,
            export_users,
            sync_calendars,
            erase_users,
            delete_expired,
            maintenance,
            prune_history,
            verify,
            compare_with_reference,
        ],
        sensors=[
            raw_commits(installation),
            reminder_times,
            model_changes,
            requested_exports,
            due_calendars,
            due_erasures,
            audit_seals,
        ],
        schedules=[
            refresh_hourly,
            data_docs_hourly,
            report_hours,
            achievements_hourly,
            history_hourly,
            retention_nightly,
            maintenance_nightly,
            verify_nightly,
            reference_nightly,
            weekly_training,
        ],
        resources={"installation": installation},
        executor=dg.in_process_executor,
    )


defs = build_defs()
