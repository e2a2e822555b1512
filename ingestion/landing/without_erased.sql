-- Events of users whose id has one of these hashes are replaced by the placeholder of erased events, for DuckDB: a broker,
-- a backup or another program may still have them.
select
    bucket,
    log_offset,
    case
        when sha256(coalesce(try_cast(userid as uuid)::varchar, userid)) in (select user_hash from suppressed)
        then encode($placeholder)
        else value
    end as value
from
    (
        select *, case when json_valid(text) then json_extract_string(text, '$.userid') end as userid
        from (select *, try(decode(value)) as text from landed)
    )
