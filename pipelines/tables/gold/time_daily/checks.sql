-- Each statement finds the rows that break a rule.
-- focus_that_no_hour_has --
select user_id, local_date, focus_minutes, minutes
from (select user_id, local_date, sum(minutes) as minutes from gold.time_daily group by user_id, local_date)
join gold.productivity_daily using (user_id, local_date)
where focus_minutes > minutes + 0.01
