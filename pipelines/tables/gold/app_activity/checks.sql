-- Each column counts what must not be.
select count(*) - count(distinct (local_date, platform)) as rows_twice, count(*) filter (where not (dau <= wau and wau <= mau)) as more_in_less_time,
       count(*) filter (where stickiness not between 0 and 1) as shares_out_of_range, count(*) filter (where dau > events or new_users > dau) as people_who_did_nothing
from gold.app_activity
