-- Each column counts what must not be.
select count(*) - count(distinct (user_id, month)) as rows_twice, count(*) filter (where weeks < 8) as weeks_counted_twice,
       count(*) filter (where least(first_weekly, latest_weekly) < 0) as less_than_nothing
from gold.uplift_people
