-- What is no event of a type that we know.
select
    bucket,
    log_offset,
    case
        when text is null
        then 'not UTF-8'
        when not json_valid(text)
        then 'not JSON'
        else 'unknown type ' || coalesce(left(type, 100), '(none)')
    end as reason
from decoded
where noun is null
