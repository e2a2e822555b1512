-- positions --
select bucket, next from relay_position order by bucket

-- begin --
-- Where the lake already stands, nothing has to be published: those events took the other way.
insert into relay_position (bucket, next)
select bucket, landed from unnest(%(buckets)s::smallint[], %(landed)s::bigint[]) as lake (bucket, landed)
on conflict (bucket) do update set next = excluded.next where relay_position.next < excluded.next

-- advance --
-- Only from where it stood: another relay may have moved it while this one was asleep.
update relay_position set next = acknowledged.next
from (select * from unnest(%(buckets)s::smallint[], %(before)s::bigint[], %(next)s::bigint[]) as each_one (bucket, before, next)) as acknowledged
where relay_position.bucket = acknowledged.bucket and relay_position.next = acknowledged.before

-- forget --
delete from relay_position

-- topic --
select name, cluster_id, topic_id from kafka_topics where purpose = 'events'

-- accept_topic --
insert into kafka_topics (purpose, name, cluster_id, topic_id) values ('events', %(name)s, %(cluster_id)s, %(topic_id)s)
on conflict (purpose) do update set name = excluded.name, cluster_id = excluded.cluster_id, topic_id = excluded.topic_id
