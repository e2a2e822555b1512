-- Each statement finds the rows that break a rule.

-- meetings_that_the_days_do_not_have --
select user_id, local_date, minutes, meeting_minutes
from (
    select user_id, local_date, sum(busy_minutes) as minutes
    from gold.calendar_load
    group by user_id, local_date
)
join gold.productivity_daily using (user_id, local_date)
where abs(minutes - meeting_minutes) > 0.01
