-- Each statement finds the rows that break a rule.
-- creations_that_the_days_do_not_have --
select user_id, created, tasks_created
from (select user_id, sum(created) as created from gold.task_flow_daily group by user_id)
full join
    (select user_id, sum(tasks_created) as tasks_created from gold.productivity_daily group by user_id) using (user_id)
where coalesce(created, 0) <> coalesce(tasks_created, 0)

-- days_that_count_otherwise --
select user_id, local_date, completed, tasks_completed, open, tasks_open
from
    (
        select user_id, local_date, sum(completed) as completed, sum(open) as open
        from gold.task_flow_daily
        group by user_id, local_date
    )
join gold.productivity_daily using (user_id, local_date)
where completed <> tasks_completed or open <> tasks_open
