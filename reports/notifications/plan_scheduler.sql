-- wanted --
-- Who wants a plan of their day, and has something that could be planned.
select users.id, display_name, timezone, week_start, locale,
       coalesce(work_from, %(work_from)s) as work_from, coalesce(work_until, %(work_until)s) as work_until
from users
left join preferences on preferences.user_id = users.id
left join notification_preferences as told on told.user_id = users.id and told.type = 'daily_plan'
where is_active and erased_at is null and coalesce(told.is_enabled and told.channels <> '{}', true)
  and exists (select from priority_scores where priority_scores.user_id = users.id)

-- kept --
select id from ai_messages where id = any(%(ids)s)

-- replace --
-- A plan that nobody read is of no use on the next day.
update notifications set status = 'cancelled', updated_at = %(now)s, version = version + 1
where user_id = %(user_id)s and type = 'daily_plan' and read_at is null and status in ('scheduled', 'sent')

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'daily_plan', %(title)s, %(body)s, %(data)s, %(now)s)
