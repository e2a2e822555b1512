-- page --
select * from notifications
where status <> 'cancelled' and (scheduled_at > %(now)s) = %(upcoming)s
  and (not %(unread)s or read_at is null) and (%(type)s::text is null or type = %(type)s)
  and (%(after_at)s::timestamptz is null or (scheduled_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by scheduled_at desc, id desc limit %(limit)s + 1

-- read_all --
update notifications set read_at = %(now)s, updated_at = %(now)s, version = version + 1
where read_at is null and scheduled_at <= %(now)s and status <> 'cancelled'

-- waiting --
-- What has not been told yet, in the future or not: a queue of reminders that are past is one too.
select count(*) as count from notifications where status = 'scheduled'

-- is_there --
select (%(task_id)s::uuid is null or exists (select from tasks where id = %(task_id)s and deleted_at is null))
   and (%(goal_id)s::uuid is null or exists (select from goals where id = %(goal_id)s and deleted_at is null)) as found
