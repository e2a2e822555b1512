-- record_build --
insert into table_builds (table_name, lake_version, built_at, builds, rows_written, seconds, broken_rules)
values (%(table_name)s, %(lake_version)s, %(now)s, 1, %(rows)s, %(seconds)s, %(broken_rules)s)
on conflict (table_name) do update
set lake_version = excluded.lake_version,
    built_at = excluded.built_at,
    builds = table_builds.builds + 1,
    rows_written = table_builds.rows_written + excluded.rows_written,
    seconds = table_builds.seconds + excluded.seconds,
    broken_rules = coalesce(excluded.broken_rules, table_builds.broken_rules)

-- record_success --
insert into refresher_state (id, refreshed_at, seconds, refreshes) values (1, %(now)s, %(seconds)s, 1)
on conflict (id) do update
set refreshed_at = excluded.refreshed_at, seconds = excluded.seconds, refreshes = refresher_state.refreshes + 1,
    failures = 0, failed_at = null, error = null

-- record_failure --
insert into refresher_state (id, failures, failed_at, error) values (1, 1, %(now)s, %(error)s)
on conflict (id) do update
set failures = refresher_state.failures + 1, failed_at = excluded.failed_at, error = excluded.error

-- record_conflict --
insert into refresher_state (id, conflicts) values (1, 1)
on conflict (id) do update set conflicts = refresher_state.conflicts + 1

-- unreported --
select table_name, lake_version, built_at, builds, rows_written, seconds, broken_rules
from table_builds where builds > 0 order by built_at, table_name

-- mark_reported --
-- What was built meanwhile is left for the next report.
update table_builds
set builds = builds - %(builds)s, rows_written = rows_written - %(rows_written)s, seconds = seconds - %(seconds)s
where table_name = %(table_name)s
