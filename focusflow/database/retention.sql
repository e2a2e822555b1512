-- Days of the outbox.

-- outbox_days --
select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
where inhparent = 'outbox'::regclass and relname ~ '^outbox_[0-9]{8}$' order by relname

-- rest_days --
-- Days that started before their partition was created.
select distinct recorded_on as day from outbox_rest order by day

-- events_not_landed --
-- What has not landed, or was not read for webhooks yet.
select count(*) as count
from outbox
left join unnest(%(buckets)s::smallint[], %(landed)s::bigint[]) as lake (bucket, landed) using (bucket)
left join webhook_positions as webhooks using (bucket)
where recorded_on = %(day)s and (log_offset is null or landed is null or log_offset >= landed or log_offset >= webhooks.next)
