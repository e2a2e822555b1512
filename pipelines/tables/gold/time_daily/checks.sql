-- Each column counts what must not be.
select count(*) - count(distinct (user_id, local_date, hour_of_day, category_id, kind)) as rows_twice,
       count(*) filter (where hour_of_day not between 0 and 23) as hours_that_are_none, count(*) filter (where minutes <= 0) as no_time, count(*) filter (where local_date is null) as days_that_are_none,
       count(*) filter (where kind not in ('focus', 'pomodoro', 'manual')) as kinds_that_are_none,
       (select count(*) from (select user_id, local_date, sum(minutes) as minutes from gold.time_daily group by user_id, local_date)
        join gold.productivity_daily as days using (user_id, local_date) where focus_minutes > minutes + 0.01) as focus_that_no_hour_has
from gold.time_daily
