-- The entities of a noun that new events speak of.
select user_id, subject, bucket, count(*) as events from new_events where noun = $noun group by all
