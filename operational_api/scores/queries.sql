-- by_rank --
-- Scores of tasks that are still open; one completed since the last refresh is not shown.
select coalesce(json_agg(each), '[]')::text as items
from (
    select task_id, title, score, rank, reasons::json as reasons, due_at, due_date, status, version, model_version, as_of
    from priority_scores join tasks on tasks.id = priority_scores.task_id
    where tasks.status in ('pending', 'in_progress') and tasks.deleted_at is null
    order by rank limit %(limit)s
) as each
