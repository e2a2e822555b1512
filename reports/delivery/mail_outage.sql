-- The one row that is there while the mail server takes no email of anybody's.

-- paused --
select from mail_outage where next_attempt_at > %(now)s

-- note --
-- Of several emails that were on their way when it began, one counts.
insert into mail_outage (id, began_at, attempts, next_attempt_at, reason) values (1, %(now)s, 1, %(now)s + %(first)s::interval, %(reason)s)
on conflict (id) do update
set attempts = mail_outage.attempts + 1, reason = excluded.reason,
    next_attempt_at = %(now)s + least(%(first)s::interval * 2 ^ least(mail_outage.attempts, 20), %(longest)s::interval)
where mail_outage.next_attempt_at <= %(now)s

-- over --
delete from mail_outage
