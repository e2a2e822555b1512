-- Each column counts what must not be.
select count(*) - count(distinct (user_id, achievement)) as rows_twice, count(*) filter (where progress not between 0 and 1) as progress_out_of_range,
       count(*) filter (where (progress = 1) <> (earned_on is not null)) as earned_without_a_day
from gold.achievements
