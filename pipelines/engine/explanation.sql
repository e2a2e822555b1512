-- valid_on --
-- Versions that held at any moment of a day, wherever the user was.
select /*columns*/
from input_rows
where
    user_id = $user_id
    and valid_from < ($day::date + 2)::timestamptz
    and coalesce(valid_to, timestamptz '9999-01-01 00:00+00') >= ($day::date - 1)::timestamptz
order by valid_from, version

-- happened_on --
select /*columns*/
from input_rows
where user_id = $user_id and local_date = $day
order by all
