-- raw --
-- A user's day, as it lies in raw: $tasks tasks that are made, of which $finished are done and timed, and two uses of an app; accounts on the
-- first day.
with days as (
    select user_id, bucket, person, day::date as day from people, generate_series($first::date, $last::date, interval 1 day) as days(day)
), tasks as (
    select *, uuid()::varchar as task_id, strftime(starts_at, '%Y-%m-%dT%H:%M:%SZ') as begun,
           strftime(starts_at + interval 25 minutes, '%Y-%m-%dT%H:%M:%SZ') as done
    from (select *, day + interval 9 hours + slot % 12 * interval 1 hour + slot // 12 * interval 1 second as starts_at
          from days, range($tasks) as slots(slot))
), happened as (
    select *, unnest([
        {'type': 'task.created', 'noun': 'task', 'moment': begun, 'subject': task_id, 'version': 1,
         'data': format('{{"title": "Write", "created_at": "{}", "due_date": "{}"}}', begun, day)},
        {'type': 'task.completed', 'noun': 'task', 'moment': done, 'subject': task_id, 'version': 2,
         'data': format('{{"title": "Write", "created_at": "{}", "due_date": "{}", "status": "completed", "completed_at": "{}"}}', begun, day, done)},
        {'type': 'time.logged', 'noun': 'time_entry', 'moment': done, 'subject': uuid()::varchar, 'version': 1,
         'data': format('{{"task_id": "{}", "kind": "focus", "started_at": "{}", "ended_at": "{}"}}', task_id, begun, done)}],
        recursive := true)
    from tasks
    union all by name
    select user_id, bucket, person, day, slot, unnest([
        {'type': 'activity.tracked', 'noun': 'activity', 'moment': strftime(day, '%Y-%m-%dT08:00:00Z'), 'subject': uuid()::varchar, 'version': 1,
         'data': '{"name": "page", "platform": "web"}'}], recursive := true)
    from days, range(2) as slots(slot)
    union all by name
    select user_id, bucket, person, day, -1 as slot, unnest([
        {'type': 'user.registered', 'noun': 'user', 'moment': strftime(day, '%Y-%m-%dT07:00:00Z'), 'subject': user_id, 'version': 1,
         'data': '{"email": "ada@example.com", "display_name": "Ada", "timezone": "Europe/Berlin"}'}], recursive := true)
    from days where day = $begins::date
)
select bucket, row_number() over (partition by bucket order by moment, person, slot, version) - 1 as place, type, moment::timestamptz as recorded_time,
       day as local_date, encode(format('{{"specversion": "1.0", "id": "{}", "source": "benchmark", "type": "{}", "subject": "{}", "time": "{}",'
           ' "userid": "{}", "entityversion": {}, "recordedtime": "{}", "timezone": "Europe/Berlin", "localdate": "{}", "actor": "user",'
           ' "dataschema": "focusflow:{}:1", "data": {}}}', uuid()::varchar, type, subject, moment, user_id, version, moment, day, noun, data)) as value
from happened where type not in ('task.completed', 'time.logged') or slot < $finished
