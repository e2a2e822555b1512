-- Each statement finds the rows that break a rule.
-- completions_that_the_days_do_not_have --
select user_id, of_periods, of_days
from (select user_id, sum(tasks_completed) as of_periods from gold.productivity_weekly group by user_id)
full join
    (select user_id, sum(tasks_completed) as of_days from gold.productivity_daily group by user_id) using (user_id)
where of_periods is distinct from of_days

-- focus_that_the_days_do_not_have --
select user_id, of_periods, of_days
from (select user_id, sum(focus_minutes) as of_periods from gold.productivity_weekly group by user_id)
full join (select user_id, sum(focus_minutes) as of_days from gold.productivity_daily group by user_id) using (user_id)
where abs(coalesce(of_periods, 0) - coalesce(of_days, 0)) > 0.01
