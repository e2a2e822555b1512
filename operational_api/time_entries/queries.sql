-- page --
select * from time_entries
where (%(since)s::timestamptz is null or started_at >= %(since)s) and (%(until)s::timestamptz is null or started_at < %(until)s)
  and (%(task_id)s::uuid is null or task_id = %(task_id)s) and (%(kind)s::text is null or kind = %(kind)s)
  and (%(after_at)s::timestamptz is null or (started_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by started_at desc, id desc limit %(limit)s + 1

-- running --
select * from time_entries where user_id = %(user_id)s and ended_at is null for update

-- seen_running --
select * from time_entries where user_id = %(user_id)s and ended_at is null

-- task --
select status from tasks where id = %(task_id)s and deleted_at is null
