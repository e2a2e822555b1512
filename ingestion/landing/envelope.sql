-- The columns of the envelope, read in bulk, for DuckDB. What cannot be read is null; the bytes are kept, and silver says
-- what is wrong with them. Dates that only some readers of the lake can represent (infinity, the year 99999) count as
-- unreadable.
select
    bucket,
    log_offset,
    envelope[1] as id,
    envelope[2] as type,
    case
        when recorded_time between '0001-01-02 00:00:00+00' and '9999-12-31 00:00:00+00' then recorded_time
    end as recorded_time,
    case when local_date between '0001-01-01' and '9999-12-31' then local_date end as local_date,
    value
from
    (
        select *, try_cast(envelope[3] as timestamptz) as recorded_time, try_cast(envelope[4] as date) as local_date
        from
            (
                select
                    *,
                    case
                        when text is not null and json_valid(text)
                        then json_extract_string(text, ['$.id', '$.type', '$.recordedtime', '$.localdate'])
                    end as envelope
                from (select *, try(decode(value)) as text from landed)
            )
    )
