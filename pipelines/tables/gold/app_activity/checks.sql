-- Each column counts what must not be.
select count(*) - count(distinct (local_date, platform)) as rows_twice, count(*) filter (where not (dau <= wau and wau <= mau)) as more_in_less_time
from gold.app_activity
