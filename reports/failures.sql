-- What could not be done for a user, and has no row of its own in which that could be written down.

-- known --
select user_id, item, attempts, next_attempt_at from failed_attempts where work = %(work)s

-- record --
insert into failed_attempts (user_id, work, item, attempts, failed_at, next_attempt_at, reason)
values (%(user_id)s, %(work)s, %(item)s, %(attempts)s, %(now)s, %(next_attempt_at)s, %(reason)s)
on conflict (user_id, work, item) do update
set attempts = excluded.attempts, failed_at = excluded.failed_at, next_attempt_at = excluded.next_attempt_at, reason = excluded.reason

-- forget --
delete from failed_attempts where user_id = %(user_id)s and work = %(work)s and item = %(item)s
