-- outcomes --
-- What then happened to each task of each list, as far as the histories go: when it was finished, worked on, given
-- up, and whether its due date of then was missed. A task that was given up before its due date says nothing of that;
-- one whose date was moved before it came says so apart.
with
    finished as (select user_id, task_id, happened_at from acts where is_done),
    next_finish as (
        select facts.user_id, facts.number, facts.task_id, happened_at as done_at
        from facts
        asof join
            finished
            on facts.user_id = finished.user_id
            and facts.task_id = finished.task_id
            and facts.as_of < finished.happened_at
    ),
    next_work as (
        select facts.user_id, facts.number, facts.task_id, started_at as worked_next_at
        from facts
        asof join
            works on facts.user_id = works.user_id and facts.task_id = works.task_id and facts.as_of <= works.started_at
    ),
    gone as (select user_id, task_id, valid_from as gone_at from versions where not is_open and not is_done),
    next_gone as (
        select facts.user_id, facts.number, facts.task_id, gone_at
        from facts
        asof join gone on facts.user_id = gone.user_id and facts.task_id = gone.task_id and facts.as_of < gone.gone_at
    ),
    moved as (
        select user_id, task_id, valid_from as moved_at
        from
            (
                select
                    *,
                    coalesce(due_at, due_date::timestamptz) as due,
                    lag(due) over (partition by user_id, task_id order by version) as due_before
                from versions
            )
        where due_before is not null and due is distinct from due_before
    ),
    next_moved as (
        select facts.user_id, facts.number, facts.task_id, moved_at
        from facts
        asof join
            moved on facts.user_id = moved.user_id and facts.task_id = moved.task_id and facts.as_of < moved.moved_at
    )
select user_id, number, task_id, done_at, worked_next_at, gone_at, moved_at
from facts
left join next_finish using (user_id, number, task_id)
left join next_work using (user_id, number, task_id)
left join next_gone using (user_id, number, task_id)
left join next_moved using (user_id, number, task_id)
