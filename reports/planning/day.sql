-- candidates --
-- What can be begun now, in the order of the scores, with what is known of the time it takes.
select tasks.id as task_id, title, estimated_minutes, category_id, goal_id, due_at, due_date, score, rank, reasons::json as reasons,
       coalesce((select extract(epoch from sum(ended_at - started_at)) / 60 from time_entries
                 where time_entries.user_id = tasks.user_id and task_id = tasks.id), 0)::double precision as logged
from priority_scores join tasks on tasks.id = task_id and tasks.user_id = priority_scores.user_id
where priority_scores.user_id = %(user_id)s and deleted_at is null and status in ('pending', 'in_progress') order by rank, tasks.id limit 100

-- factors --
select row->>'category_id' as category_id, (row->>'factor')::double precision as factor from published_rows
where user_id = %(user_id)s and table_name = 'estimate_accuracy'
