-- Each column counts what must not be.
select count(*) - count(distinct (user_id, goal_id, local_date)) as rows_twice, count(*) filter (where progress not between 0 and 100) as progress_out_of_range,
       count(*) filter (where expected_progress not between 0 and 100) as pace_out_of_range,
       count(*) filter (where not (forecast_p10 <= forecast_p50 and forecast_p50 <= coalesce(forecast_p90, forecast_p50)) or forecast_p10 <= local_date)
           as forecasts_out_of_order,
       count(*) filter (where probability_on_time not between 0 and 1 or isnan(probability_on_time)) as probabilities_out_of_range,
       count(*) filter (where status not in ('active', 'completed', 'paused', 'cancelled')) as words_that_are_none
from gold.goal_progress
