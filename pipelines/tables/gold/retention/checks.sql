-- Each column counts what must not be.
select count(*) - count(distinct (cohort_week, weeks_since)) as rows_twice, count(*) filter (where users > cohort) as more_than_there_are,
       count(*) filter (where weeks_since = 0 and users <> cohort) as cohorts_that_did_not_begin
from gold.retention
