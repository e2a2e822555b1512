-- Each column counts what must not be.
select count(*) - count(distinct (user_id, goal_id, local_date)) as rows_twice, count(*) filter (where progress not between 0 and 100) as progress_out_of_range,
       count(*) filter (where expected_progress not between 0 and 100) as pace_out_of_range
from gold.goal_progress
