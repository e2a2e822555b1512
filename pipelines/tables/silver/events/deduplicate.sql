-- The events that silver takes, the first of each id. Ids are a user's own: nobody can take the place of another's
-- event by its id. Repeats are looked for among the ids alone, for whole rows are wide.
with
    repeated as (
        select user_id, event_id, min(log_offset) as first_offset
        from validated
        where reason is null
        group by user_id, event_id
        having count(*) > 1
    )
select validated.*, strftime(local_date, '%Y-%m') as month
from validated
left join repeated using (user_id, event_id)
anti join known_ids using (user_id, event_id)
where reason is null and (first_offset is null or log_offset = first_offset)
order by month, bucket, user_id, local_date, log_offset
