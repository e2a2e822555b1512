-- Each column counts what must not be.
select count(*) - count(distinct (user_id, local_date, hour_of_day)) as rows_twice, count(*) filter (where busy_minutes < 0 or meetings < 0 or conflicts < 0) as less_than_nothing,
       count(*) filter (where hour_of_day not between 0 and 23) as hours_that_are_none, count(*) filter (where busy_minutes = 0 and free_blocks = 0) as hours_without_anything, count(*) filter (where free_blocks not between 0 and 1) as more_than_an_hour_has,
       count(*) filter (where local_date is null) as days_that_are_none,
       (select count(*) from (select user_id, local_date, sum(busy_minutes) as minutes from gold.calendar_load group by user_id, local_date)
        join gold.productivity_daily as days using (user_id, local_date) where abs(minutes - meeting_minutes) > 0.01) as meetings_that_the_days_do_not_have
from gold.calendar_load
