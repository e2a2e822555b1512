-- Each statement finds the rows that break a rule.
-- meetings_that_the_days_do_not_have --
-- The last day of a user is not over: it counts what has passed of the meetings that this table knows of.
select user_id, local_date, minutes, meeting_minutes
from (select user_id, local_date, sum(busy_minutes) as minutes from gold.calendar_load group by user_id, local_date)
join gold.productivity_daily using (user_id, local_date)
join (select user_id, max(local_date) as today from gold.productivity_daily group by user_id) using (user_id)
where meeting_minutes > minutes + 0.01 or (local_date < today and meeting_minutes < minutes - 0.01)
