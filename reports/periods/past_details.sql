-- The queries of details.sql over a user's histories and gold tables as of a past moment. They return ids: titles lie in Postgres alone.

-- goals --
select goals.goal_id as id, goals.target_date, now.progress, now.ahead, now.progress - before.progress as gained, now.forecast_p10 as soonest,
       now.forecast_p90 as latest
from silver.goal_history as goals
join lateral (
    from gold.goal_progress as days where days.goal_id = goals.goal_id and local_date between $first and $last order by local_date desc limit 1) as now on true
left join gold.goal_progress as before on before.goal_id = goals.goal_id and before.local_date = $first::date - 1
where goals.valid_to is null and goals.change <> 'goal.deleted' and goals.status = 'active' and (goals.horizon = 'goal' or goals.target_date is not null)
order by now.ahead nulls last, goals.target_date nulls last, goals.goal_id limit 5

-- hours --
select hour_of_day::integer as hour, sum(minutes) as minutes from gold.time_daily where local_date between $first and $last
group by 1 having sum(minutes) >= 15 order by 2 desc, 1 limit 3

-- habits --
select habit_id as id, frequency, weekdays, times_per_week, start_date, end_date, archived_at from silver.habit_history
where valid_to is null and change <> 'habit.deleted' and archived_at is null and start_date <= $reached and (end_date is null or end_date >= $first)
order by created_at, habit_id limit 50

-- habit_days --
select habit_id, local_date, skipped from silver.habit_log_history
where valid_to is null and change = 'habit.logged' and list_contains($habits, habit_id) and local_date <= $reached order by local_date

-- days_off --
select first_date, last_date from silver.day_off_history where valid_to is null and change <> 'dayoff.deleted' and first_date <= $last

-- slipped --
select task_id as id, due_at, due_date from silver.task_history as tasks
left join (from gold.priority_scores where as_of = $now) as scores using (task_id)
where valid_to is null and deleted_at is null and status in ('pending', 'in_progress')
  and (due_date <= $last and due_date < $today or due_at < $until and due_at <= $now)
order by coalesce(due_date >= $first, due_at >= $since) desc, rank nulls last, task_id limit 4

-- next --
select task_id as id, score, reasons from gold.priority_scores where as_of = $now order by rank, task_id limit 5

-- reached --
select 'goal' as what, goal_id as id, completed_at as "at" from silver.goal_history
where valid_to is null and change <> 'goal.deleted' and completed_at >= $since and completed_at < $until
union all
select 'milestone', milestone_id, completed_at from silver.milestone_history
where valid_to is null and change <> 'milestone.deleted' and completed_at >= $since and completed_at < $until
order by "at" desc limit 5

-- user --
select timezone, week_start, locale from silver.user_history where valid_to is null
