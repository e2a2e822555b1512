-- In which zone a user was, from when to when: each moment lies in one zone, and so on one local day and in one hour
-- of it. What lies before the first one lies in the first zone.
select
    user_id,
    timezone,
    case when zone_before is null then timestamptz '-infinity' else valid_from end as zone_begin,
    lead(valid_from, 1, timestamptz 'infinity') over (partition by user_id order by version) as zone_end
from (select *, lag(timezone) over (partition by user_id order by version) as zone_before from silver.user_history)
where zone_before is distinct from timezone
qualify zone_begin < zone_end
