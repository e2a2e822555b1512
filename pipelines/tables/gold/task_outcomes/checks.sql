-- Each column counts what must not be.
select count(*) - count(distinct (user_id, task_id)) as tasks_twice, count(*) filter (where completed_at < created_at) as done_before_created,
       count(*) filter (where completed_at is not null and status not in ('completed', 'archived')) as done_and_open,
       count(*) filter (where status = 'completed' and completed_at is null) as completed_without_a_moment,
       count(*) filter (where status not in ('pending', 'in_progress', 'completed', 'cancelled', 'archived')
                           or priority not in ('low', 'medium', 'high', 'urgent')) as words_that_are_none
from gold.task_outcomes
