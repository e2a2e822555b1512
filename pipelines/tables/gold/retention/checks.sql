-- Each column counts what must not be.
select count(*) - count(distinct (cohort_week, weeks_since)) as rows_twice, count(*) filter (where users > cohort) as more_than_there_are,
       count(*) filter (where weeks_since = 0 and users <> cohort) as cohorts_that_did_not_begin,
       count(*) filter (where share not between 0 and 1) as shares_out_of_range, count(*) filter (where isodow(cohort_week) <> 1) as weeks_that_begin_on_no_monday
from gold.retention
