-- wanted --
-- Who wants to be reminded of something, and has open tasks or goals with dates. Days off are left alone.
select users.id, timezone, locale, coalesce(work_from, %(work_from)s) as work_from, coalesce(work_until, %(work_until)s) as work_until
from users left join preferences on preferences.user_id = users.id
where is_active and erased_at is null and (
    exists (select from tasks where tasks.user_id = users.id and deleted_at is null and status in ('pending', 'in_progress')
            and (due_at between %(now)s and %(now)s + interval '3 days' or due_date between %(now)s::date - 1 and %(now)s::date + 2))
    or exists (select from goals where goals.user_id = users.id and deleted_at is null and status = 'active' and target_date >= %(now)s::date - 1))

-- near --
-- What each of these users has not been told of yet: open tasks due today or tomorrow, goals whose date is near, goals behind their pace. Not
-- twice a day of one kind, not on a day off, and nothing of a task for which the user set a reminder themselves.
with here as (
    select user_id, today, midnight, tomorrow_ends, type
    from unnest(%(people)s::uuid[], %(todays)s::date[], %(midnights)s::timestamptz[], %(ends)s::timestamptz[])
        as here (user_id, today, midnight, tomorrow_ends)
    cross join (values ('task_reminder'), ('goal_reminder')) as types (type)
    left join notification_preferences as wish using (user_id, type)
    where coalesce(wish.is_enabled and wish.channels <> '{}', true)
      and not exists (select from days_off where days_off.user_id = here.user_id and today between first_date and last_date)
      and not exists (select from told_reminders as told where told.user_id = here.user_id and told.type = types.type and told_on = today)
), reminded as materialized (
    select own.user_id, data->>'task_id' as task_id
    from here join notifications as own on own.user_id = here.user_id and own.type = here.type
        and scheduled_at > %(now)s - interval '1 day' and scheduled_at < tomorrow_ends
    where here.type = 'task_reminder' and data->>'task_id' is not null
), found as (
    select here.user_id, type, today, tasks.id as entity_id, title, 'near' as why,
           coalesce(due_date, case when due_at < midnight then today else today + 1 end) as for_date, due_at, null::double precision as ahead, rank
    from here join tasks on tasks.user_id = here.user_id and deleted_at is null and status in ('pending', 'in_progress')
        and (due_date between today and today + 1 or due_at > %(now)s and due_at < tomorrow_ends)
    left join priority_scores as score on score.user_id = tasks.user_id and score.task_id = tasks.id
    where type = 'task_reminder' and (tasks.user_id, tasks.id::text) not in (select user_id, task_id from reminded)
    union all
    select here.user_id, type, today, goals.id, title, case when target_date <= today + %(days)s::integer then 'near' else 'behind' end, target_date, null,
           pace.ahead, null
    from here join goals on goals.user_id = here.user_id and deleted_at is null and goals.status = 'active' and progress < 100 and target_date >= today
    left join lateral (
        select case jsonb_typeof(row->'ahead') when 'number' then (row->>'ahead')::double precision end as ahead from published_rows as at where at.user_id = goals.user_id and table_name = 'goal_progress' and key = goals.id::text
        and day between today - 2 and today order by day desc limit 1) as pace on true
    where type = 'goal_reminder' and (target_date <= today + %(days)s::integer
        or coalesce(start_date, goals.created_at::date) <= today - %(days)s::integer and pace.ahead <= -%(points)s::double precision)
)
select found.*, users.locale, users.timezone from found join users on users.id = user_id
where not exists (
    select from told_reminders as told
    where told.user_id = found.user_id and told.entity_id = found.entity_id and told.why = found.why and told.for_date = found.for_date)
order by user_id, type, for_date, ahead nulls last, rank nulls last, due_at nulls last, entity_id

-- alone --
-- Of two who would tell the same user, the second waits here, and sees then what the first has told.
select pg_advisory_xact_lock(hashtextextended(%(user_id)s::uuid || %(type)s, 0))

-- keep --
insert into told_reminders (user_id, entity_id, why, for_date, type, told_on)
select %(user_id)s, unnest(%(entities)s::uuid[]), unnest(%(whys)s::text[]), unnest(%(dates)s::date[]), %(type)s, %(today)s
where not exists (select from told_reminders where user_id = %(user_id)s and type = %(type)s and told_on = %(today)s)
on conflict do nothing

-- replace --
-- One of ours that nobody read is of no use beside a newer one.
update notifications set status = 'cancelled', updated_at = %(now)s, version = version + 1
where user_id = %(user_id)s and type = %(type)s and data ? 'about' and read_at is null and status in ('scheduled', 'sent')

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, %(type)s, %(title)s, %(body)s, %(data)s, %(now)s)
