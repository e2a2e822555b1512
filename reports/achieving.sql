-- new --
-- Who has so much of something that an achievement begins there, and does not have it yet; of each metric the least first.
with totals as (
    select user_id, 'tasks_completed' as metric, count(*) as value from tasks where completed_at is not null and deleted_at is null group by user_id
    union all
    select user_id, 'goals_completed', count(*) from goals where status = 'completed' and deleted_at is null group by user_id
    union all
    select user_id, 'hours_logged', floor(extract(epoch from sum(ended_at - started_at)) / 3600) from time_entries where ended_at is not null group by user_id
    union all
    select user_id, 'habit_days', max(days) from (
        select user_id, habit_id, count(*) as days from habit_logs where not skipped group by user_id, habit_id) as each_habit
    group by user_id
)
select user_id, metric, name, locale
from totals
join unnest(%(names)s::text[], %(metrics)s::text[], %(thresholds)s::integer[]) as list (name, metric, threshold) using (metric)
join users on users.id = user_id and is_active and erased_at is null
where value >= threshold
  and not exists (select from earned_achievements where earned_achievements.user_id = totals.user_id and achievement = name)
order by user_id, metric, threshold

-- keep --
insert into earned_achievements (user_id, achievement, earned_at) select %(user_id)s, unnest(%(names)s::text[]), %(now)s
on conflict do nothing returning achievement

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'achievement', %(title)s, %(body)s, %(data)s, %(now)s)
