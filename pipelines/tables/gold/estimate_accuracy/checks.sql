-- Each column counts what must not be.
select count(*) - count(distinct (user_id, category_id)) as rows_twice,
       count(*) filter (where not (factor_low <= factor and factor <= factor_high)) as factors_outside_their_range,
       count(*) filter (where factor <= 0 or tasks < 1) as factors_of_nothing
from gold.estimate_accuracy
