-- plan --
select output from ai_messages where id = %(id)s and kind = 'plan'

-- plan_events --
select * from calendar_events where calendar_id = %(calendar)s and start_at >= %(since)s and start_at < %(until)s order by start_at for update

-- newest_plan --
-- The newest plan of a day, and whether it is in the calendar.
select id, output, created_at, exists (
    select from calendar_events where calendar_id = %(calendar)s and starts_with(external_id, ai_messages.id || '/')) as is_accepted
from ai_messages where kind = 'plan' and output->>'day' = %(day)s order by created_at desc, id desc limit 1

-- planned_tasks --
select id, title, status = 'completed' as is_done from tasks
where id = any(%(tasks)s) and deleted_at is null and status in ('pending', 'in_progress', 'completed')

-- events_of_plan --
select * from calendar_events
where calendar_id = %(calendar)s and starts_with(external_id, %(plan)s || '/') and end_at > now() order by start_at for update

-- titles --
select id, title from tasks where id = any(%(tasks)s) and deleted_at is null and status in ('pending', 'in_progress')

-- next_steps --
-- Of each goal the next milestone, whether an open task leads to it, and how much of a vision's weekly time is used.
select goals.id as goal_id, goals.title, goals.horizon, goals.target_date, goals.weekly_minutes, step.id as milestone_id, step.title as step,
       exists (select from tasks where tasks.goal_id = goals.id and deleted_at is null and status in ('pending', 'in_progress')) as has_task,
       exists (select from tasks where tasks.goal_id = goals.id and deleted_at is null and status in ('pending', 'in_progress')
               and lower(tasks.title) = lower(step.title)) as has_step,
       coalesce((select extract(epoch from sum(coalesce(ended_at, %(now)s) - started_at)) / 60 from time_entries
                 join tasks on tasks.id = task_id where tasks.goal_id = goals.id and started_at >= %(week)s), 0)::integer as spent
from goals
left join lateral (select id, title from milestones where goal_id = goals.id and status = 'pending' order by order_index, id limit 1) as step on true
where goals.deleted_at is null and goals.status = 'active' order by goals.target_date nulls last, goals.id limit 50

-- usage --
select count(*) as calls, coalesce(sum(tokens_in), 0)::bigint as tokens_in, coalesce(sum(tokens_out), 0)::bigint as tokens_out,
       coalesce(sum(cost), 0) as cost
from ai_messages where created_at > %(since)s and model <> 'local'

-- usage_by_model --
select kind, model, status, count(*) as calls, sum(tokens_in)::bigint as tokens_in, sum(tokens_out)::bigint as tokens_out, sum(cost) as cost,
       round(avg(latency_ms))::integer as mean_latency_ms
from ai_messages where created_at > %(since)s and model <> 'local' group by kind, model, status order by kind, model, status limit 200
