-- due --
-- Who wants tips, is at work, and had none for a week; with every tip that fits how they work. Days off are left alone.
with here as materialized (
    select users.id as user_id, users.created_at, (%(now)s at time zone timezone)::date as today
    from users
    left join preferences on preferences.user_id = users.id
    left join notification_preferences as wish on wish.user_id = users.id and wish.type = 'productivity_tip'
    where is_active and erased_at is null and coalesce(wish.is_enabled and wish.channels <> '{}', true)
      and (%(now)s at time zone timezone)::time >= coalesce(work_from, %(work_from)s)
      and (%(now)s at time zone timezone)::time < coalesce(work_until, %(work_until)s)
      and users.created_at <= %(now)s - interval '3 days'
      and not exists (select from days_off where days_off.user_id = users.id and (%(now)s at time zone timezone)::date between first_date and last_date)
      and not exists (
          select from notifications
          where notifications.user_id = users.id and type = 'productivity_tip' and scheduled_at > %(now)s - interval '7 days')
), open_tasks as materialized (
    select here.user_id, count(*) as number, count(estimated_minutes) as estimated, count(coalesce(due_at, due_date)) as dated,
           count(*) filter (where due_at <= %(now)s or due_date < today) as overdue
    from here join tasks using (user_id) where deleted_at is null and status in ('pending', 'in_progress') group by here.user_id
)
select fitting.user_id, tip, locale from (
    select user_id, 'overdue' as tip from open_tasks where overdue >= 5
    union all
    select user_id, 'due_dates' from open_tasks where number >= 8 and dated = 0
    union all
    select user_id, 'estimates' from open_tasks where number >= 8 and estimated = 0
    union all
    select user_id, 'timer' from here
    where not exists (select from time_entries where time_entries.user_id = here.user_id)
      and exists (select from tasks where tasks.user_id = here.user_id and status = 'completed')
    union all
    select user_id, 'days_off' from here
    where created_at <= %(now)s - interval '60 days' and not exists (select from days_off where days_off.user_id = here.user_id)
) as fitting
join users on users.id = fitting.user_id
order by fitting.user_id, array_position(array['overdue', 'due_dates', 'estimates', 'timer', 'days_off'], tip)

-- known --
select id from notifications where id = any(%(ids)s)

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'productivity_tip', %(title)s, %(body)s, %(data)s, %(now)s)
on conflict (id) do nothing
