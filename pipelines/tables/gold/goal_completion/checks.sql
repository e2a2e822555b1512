-- Each column counts what must not be.
select count(*) - count(distinct (user_id, days)) as rows_twice, count(*) filter (where reached > pursued) as more_reached_than_pursued,
       count(*) filter (where still_open not between 0 and 1) as shares_out_of_range
from gold.goal_completion
