-- What the database tells of the platform. Each is asked for in the role that may see it.

-- outbox --
select count(*) as waiting from outbox where log_offset is null

-- passed --
select coalesce((select sum(next) from outbox_head), 0)::bigint as accepted,
       coalesce((select sum(next) from relay_position), 0)::bigint as published

-- calendars --
-- One that is being synchronized is not overdue.
select count(*) filter (where not is_paused and failures = 0) as ok,
       count(*) filter (where not is_paused and failures > 0) as failing,
       count(*) filter (where is_paused) as paused,
       coalesce(max(duration_ms), 0) / 1000.0 as seconds,
       greatest(0, coalesce(extract(epoch from clock_timestamp() - min(next_sync_at) filter (where not is_paused and claimed_at is null)), 0))::float8 as overdue_seconds
from calendar_connections

-- sizes --
select (select count(*) from users where erased_at is null) as users,
       (select count(*) from tasks where status in ('pending', 'in_progress') and deleted_at is null) as open_tasks

-- erasures --
-- Those that are not finished, and when the next of them goes on.
select count(*) as count,
       coalesce(extract(epoch from min(case status when 'waiting' then due_at when 'purging' then purge_at end)), 0)::float8 as next_at
from erasures where status in ('waiting', 'running', 'purging')

-- reports --
select status, count(*) as count,
       count(*) filter (where status = 'due' and created_at < clock_timestamp() - interval '2 hours') as late
from report_deliveries group by status

-- ai --
-- Of the last 24 hours. Text by rule costs nothing and is not counted.
select status, count(*) as count, sum(tokens_in + tokens_out) as tokens, sum(cost)::float8 as dollars
from ai_messages where model <> 'local' and created_at > clock_timestamp() - interval '24 hours' group by status

-- failed_attempts --
-- What could not be made for a user and is tried again later, or was given up.
select count(*) as count from failed_attempts

-- refresher --
select extract(epoch from clock_timestamp() - refreshed_at)::float8 as age_seconds, seconds, refreshes, conflicts, failures, error
from refresher_state

-- mail_outage_details --
select began_at, next_attempt_at, reason from mail_outage

-- mail_outage --
select coalesce(extract(epoch from clock_timestamp() - min(began_at)), 0)::float8 as seconds from mail_outage
