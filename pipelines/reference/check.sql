-- users --
select distinct user_id
from gold.productivity_daily
order by user_id

-- days --
-- The days of a user that were over when the table was computed.
select local_date
from gold.productivity_daily
where user_id = $user_id and local_date < $before
order by local_date

-- published --
select *
from gold.productivity_daily
where user_id = $user_id

-- events --
-- What a user's days were computed from: everything up to the position of the table.
select
    event_id,
    type,
    noun,
    subject,
    entity_version,
    occurred_at,
    recorded_at,
    timezone,
    local_date,
    actor,
    data
from silver.events
where user_id = $user_id and log_offset < $position
order by occurred_at, log_offset
