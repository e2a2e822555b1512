-- Each column counts what must not be.
select count(*) - count(distinct (user_id, local_date, hour_of_day, category_id, kind)) as rows_twice,
       count(*) filter (where hour_of_day not between 0 and 23) as hours_that_are_none, count(*) filter (where minutes <= 0) as no_time, count(*) filter (where local_date is null) as days_that_are_none
from gold.time_daily
