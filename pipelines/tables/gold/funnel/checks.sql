-- Each statement finds the rows that break a rule.
-- steps_that_grow --
select cohort_week, step, users, users_before
from
    (
        select cohort_week, step, users, lag(users) over (partition by cohort_week order by step) as users_before
        from gold.funnel
    )
where users > users_before
