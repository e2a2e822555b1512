-- Each column counts what must not be.
select count(*) - count(distinct month) as months_twice, 
       count(*) filter (where mean_change not between mean_change_low - 1e-9 and mean_change_high + 1e-9) as means_outside_their_interval,
       count(*) filter (where share_up_20 not between 0 and 1) as shares_out_of_range,
       abs(coalesce(sum(users), 0) - (select count(*) from gold.uplift_people))::bigint as people_that_are_not_there
from gold.uplift
