-- One row per user and month: tasks completed a week in the latest four full weeks against the first four. A week is
-- full where all of its days are over and the user had an account on each.
with
    weeks as (
        select user_id, date_trunc('week', local_date)::date + 6 as final_day, sum(tasks_completed) as completed
        from gold.productivity_daily
        join users using (user_id)
        where local_date between registered_on and today - 1
        group by user_id, final_day
        having count(*) = 7
    ),
    running as (
        select
            user_id,
            final_day,
            row_number() over person as number,
            avg(completed) over (person rows 3 preceding) as weekly
        from weeks
        window person as (partition by user_id order by final_day)
    ),
    beginnings as (select user_id, weekly as first_weekly from running where number = 4)
select
    user_id,
    any_value(bucket) as bucket,
    date_trunc('month', final_day)::date as month,
    max(number) as weeks,
    any_value(first_weekly) as first_weekly,
    arg_max(weekly, number) as latest_weekly,
    arg_max(weekly - first_weekly, number) as change
from running
join users using (user_id)
join beginnings using (user_id)
where number >= 8
group by user_id, date_trunc('month', final_day)
