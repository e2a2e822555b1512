-- judged --
-- How the others begin: the scores that were shown, and whether each was taken up by the end of the next day, as
-- likelihood has it. Only days of which that is over.
with
    shown as (
        select shown_scores.*, (local_date + 2)::timestamp at time zone timezone as ends
        from shown_scores
        join users on users.id = user_id
        where local_date >= %(since)s
    ),
    judged as (
        select
            model_version,
            rank,
            user_id,
            local_date,
            exists (select from tasks where tasks.id = task_id and completed_at >= shown_at and completed_at < ends)
            or exists (
                select
                from time_entries
                where
                    time_entries.user_id = shown.user_id
                    and time_entries.task_id = shown.task_id
                    and started_at >= shown_at
                    and started_at < ends
            ) as is_taken_up
        from shown
        where ends <= %(now)s
    )

-- uptake --
-- Of the scores that were shown, by what made them and by rank: how many were taken up.
select
    model_version,
    least(rank, %(beyond)s) as rank,
    count(*) as shown,
    count(distinct user_id) as people,
    avg(is_taken_up::int)::double precision as taken_up
from judged
group by 1, 2
order by 1, 2

-- days --
-- Of each user and day, the share of the first tasks that were taken up, and what ranked them. Days on which more
-- than one model did are left out.
select user_id, local_date, min(model_version) as model_version, avg(is_taken_up::int)::double precision as taken_up
from judged
where rank <= %(top)s
group by user_id, local_date
having count(distinct model_version) = 1
order by user_id, local_date
