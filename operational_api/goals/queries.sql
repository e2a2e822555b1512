-- page --
select * from goals
where deleted_at is null
  and (%(status)s::text is null or status = %(status)s) and (%(horizon)s::text is null or horizon = %(horizon)s)
  and (%(category_id)s::uuid is null or category_id = %(category_id)s)
  and (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- record --
insert into goal_progress (id, user_id, goal_id, recorded_at, value, progress)
values (%(id)s, %(user_id)s, %(goal_id)s, %(now)s, %(value)s, %(progress)s)

-- history --
select id, recorded_at, value, progress from goal_progress
where goal_id = %(goal_id)s
  and (%(after_at)s::timestamptz is null or (recorded_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by recorded_at desc, id desc limit %(limit)s + 1

-- milestones --
select * from milestones where goal_id = %(goal_id)s order by order_index, created_at, id limit 200
