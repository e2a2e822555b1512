-- Each column counts what must not be.
select count(*) - count(distinct (user_id, local_date, hour_of_day)) as rows_twice, count(*) filter (where busy_minutes not between 0 and 120.001) as hours_too_full, count(*) filter (where busy_minutes = 0 and free_blocks = 0) as hours_without_anything, count(*) filter (where free_blocks not between 0 and 1) as more_than_an_hour_has,
       count(*) filter (where local_date is null) as days_that_are_none
from gold.calendar_load
