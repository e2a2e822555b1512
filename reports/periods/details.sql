-- What a report tells by name: read from the entities at that moment, for titles lie nowhere else; figures as they were published.

-- goals --
select goals.title, goals.target_date, (now.row->>'progress')::double precision as progress, (now.row->>'ahead')::double precision as ahead,
       (now.row->>'progress')::double precision - (before.row->>'progress')::double precision as gained,
       (now.row->>'forecast_p10')::date as soonest, (now.row->>'forecast_p90')::date as latest
from goals
join lateral (
    select row from published_rows as at where at.user_id = goals.user_id and table_name = 'goal_progress' and key = goals.id::text
    and day between %(first)s and %(last)s order by day desc limit 1) as now on true
left join published_rows as before
    on before.user_id = goals.user_id and before.table_name = 'goal_progress' and before.key = goals.id::text and before.day = %(first)s::date - 1
where goals.user_id = %(user_id)s and goals.deleted_at is null and goals.status = 'active' and (horizon = 'goal' or goals.target_date is not null)
order by (now.row->>'ahead')::double precision nulls last, goals.target_date nulls last, goals.id limit 5

-- hours --
select (row->>'hour_of_day')::integer as hour, sum((row->>'minutes')::double precision) as minutes from published_rows
where user_id = %(user_id)s and table_name = 'time_daily' and day between %(first)s and %(last)s
group by 1 having sum((row->>'minutes')::double precision) >= 15 order by 2 desc, 1 limit 3

-- habits --
select id, title, frequency, weekdays, times_per_week, start_date, end_date, archived_at from habits
where user_id = %(user_id)s and archived_at is null and start_date <= %(reached)s and (end_date is null or end_date >= %(first)s) order by created_at, id limit 50

-- habit_days --
select habit_id, local_date, skipped from habit_logs
where user_id = %(user_id)s and habit_id = any(%(habits)s) and local_date <= %(reached)s order by local_date

-- days_off --
select first_date, last_date from days_off where user_id = %(user_id)s and first_date <= %(last)s

-- slipped --
-- Open tasks that were due by the end of the period or, while it runs, by now: first those due in the period, in the order of the scores.
-- A date without a time passes with its day.
select tasks.id, title, due_at, due_date from tasks left join priority_scores on task_id = tasks.id and priority_scores.user_id = tasks.user_id
where tasks.user_id = %(user_id)s and deleted_at is null and status in ('pending', 'in_progress')
  and (due_date <= %(last)s and due_date < %(today)s or due_at < %(until)s and due_at <= %(now)s)
order by coalesce(due_date >= %(first)s, due_at >= %(since)s) desc, rank nulls last, tasks.id limit 4

-- next --
select tasks.id, title, reasons::json as reasons from priority_scores join tasks on tasks.id = task_id and tasks.user_id = priority_scores.user_id
where priority_scores.user_id = %(user_id)s and deleted_at is null and status in ('pending', 'in_progress')
order by rank, task_id limit 5

-- titles --
-- As they are now: what somebody called something earlier is not kept.
select id::text, title from goals where user_id = %(user_id)s and id = any(%(ids)s::uuid[])
union all select id::text, title from milestones where user_id = %(user_id)s and id = any(%(ids)s::uuid[])
union all select id::text, title from tasks where user_id = %(user_id)s and id = any(%(ids)s::uuid[])
union all select id::text, title from habits where user_id = %(user_id)s and id = any(%(ids)s::uuid[])

-- earned --
select 'achievement' as what, achievement, earned_at as at from earned_achievements
where user_id = %(user_id)s and earned_at >= %(since)s and earned_at < %(until)s and earned_at <= %(now)s

-- reached --
select 'goal' as what, title, null as achievement, completed_at as at from goals
where user_id = %(user_id)s and deleted_at is null and completed_at >= %(since)s and completed_at < %(until)s
union all
select 'milestone', title, null, completed_at from milestones where user_id = %(user_id)s and completed_at >= %(since)s and completed_at < %(until)s
union all
select 'achievement', null, achievement, earned_at from earned_achievements
where user_id = %(user_id)s and earned_at >= %(since)s and earned_at < %(until)s
order by at desc limit 5
