-- Each column counts what must not be.
select count(*) - count(distinct (local_date, event_name)) as rows_twice, count(*) filter (where users > events) as more_people_than_events,
       count(*) filter (where users < 1) as used_by_nobody
from gold.feature_usage
