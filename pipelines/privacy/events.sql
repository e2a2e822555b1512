-- Events of an erased user in the lake, for DuckDB.

-- files --
-- Those that hold an event of the user.
select distinct filename from files semi join erased_offsets using (log_offset)

-- placeholders --
-- The rows of a file of raw, with placeholders for some events. Of these only the place in the log stays.
select bucket, log_offset,
       case when not is_erased then recorded_time end as recorded_time,
       case when not is_erased then id end as id,
       case when is_erased then $erased_type else type end as type,
       case when not is_erased then local_date end as local_date,
       case when is_erased then encode($placeholder) else value end as value
from (select *, log_offset in (select log_offset from erased_offsets) as is_erased from raw_rows)
order by log_offset
