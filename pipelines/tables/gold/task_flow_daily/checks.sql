-- Each column counts what must not be.
select count(*) - count(distinct (user_id, local_date, priority, category_id)) as rows_twice, count(*) filter (where overdue > open) as more_overdue_than_open,
       count(*) filter (where median_lead_hours < 0) as done_before_created,
       (select count(*) from (select user_id, sum(created) as created from gold.task_flow_daily group by user_id)
        full join (select user_id, sum(tasks_created) as tasks_created from gold.productivity_daily group by user_id) using (user_id)
        where coalesce(created, 0) <> coalesce(tasks_created, 0)) as creations_that_the_days_do_not_have,
       (select count(*) from (select user_id, local_date, sum(completed) as completed, sum(open) as open from gold.task_flow_daily group by user_id, local_date)
        join gold.productivity_daily using (user_id, local_date) where completed <> tasks_completed or open <> tasks_open)
           as days_that_count_otherwise,
       count(*) filter (where least(created, completed, open, overdue) < 0) as less_than_nothing
from gold.task_flow_daily
