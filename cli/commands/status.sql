-- The figures of `focusflow status`. Each is asked for in the role that may see it.

-- people --
select count(*) as count from users where erased_at is null

-- open_tasks --
select count(*) as count from tasks where status in ('pending', 'in_progress') and deleted_at is null

-- events --
select coalesce(sum(next), 0)::bigint as count from outbox_head

-- failed_attempts --
-- What could not be made for a user and is tried again later, or was given up.
select count(*) as count from failed_attempts

-- mail_outage --
select began_at, next_attempt_at, reason from mail_outage

-- reports_late --
select count(*) as count from report_deliveries where status = 'due' and created_at < clock_timestamp() - interval '2 hours'

-- reports_unknown --
select count(*) as count from report_deliveries where status = 'unknown'

-- ai_answers_not_used --
select count(*) as count from ai_messages where status <> 'written' and created_at > clock_timestamp() - interval '24 hours'
