-- users --
select id, email, display_name, timezone, role, is_active, email_verified_at is not null as email_is_verified, created_at, last_login_at,
       erased_at, version
from users
where (%(role)s::text is null or role = %(role)s)
  and (%(q)s::text is null or strpos(lower(email || ' ' || display_name), lower(%(q)s)) > 0)
  and (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- user --
select id, email, display_name, timezone, role, is_active, email_verified_at is not null as email_is_verified, created_at, last_login_at,
       erased_at, version, locale, week_start, daily_focus_goal_minutes
from users where id = %(id)s for update

-- audit --
select id, at, actor_id, user_id, action, entity, entity_id, before, after, ip, user_agent from audit_log
where (%(user_id)s::uuid is null or user_id = %(user_id)s) and (%(action)s::text is null or action = %(action)s)
  and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
  and (%(after_at)s::timestamptz is null or (at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by at desc, id desc limit %(limit)s + 1

-- published --
select table_name, as_of, published_at, events, lake_version from publications order by table_name limit 200

-- refresher --
select refreshed_at, seconds, refreshes, conflicts, failures, failed_at, error from refresher_state

-- waiting --
select count(*) as events_waiting, min(recorded_on)::timestamptz as oldest_waiting_at from outbox where log_offset is null

-- in_log --
select coalesce(sum(next), 0)::bigint as events_in_log from outbox_head
