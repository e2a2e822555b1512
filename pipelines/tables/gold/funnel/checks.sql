-- Each column counts what must not be.
select count(*) - count(distinct (cohort_week, step)) as rows_twice, count(*) filter (where users > cohort) as more_than_there_are,
       count(*) filter (where step = 1 and users <> cohort) as cohorts_that_did_not_begin, count(*) filter (where median_hours < 0) as steps_before_the_first,
       (select count(*) from (select users - lag(users) over (partition by cohort_week order by step) as more from gold.funnel) where more > 0) as steps_that_grow
from gold.funnel
