-- Attempts to sign in, and emails sent, by account and address.

-- count --
-- One statement an attempt: of many at the same moment, each counts the ones before.
insert into attempts (key, attempts, last_at) values (%(key)s, 1, %(now)s)
on conflict (key) do update
set attempts = case when attempts.last_at < %(forgotten)s then 1 else attempts.attempts + 1 end, last_at = %(now)s
where attempts.last_at < %(forgotten)s or attempts.attempts < %(free)s
   or attempts.last_at + least(%(longest)s, 2 ^ (attempts.attempts - %(free)s)) * interval '1 second' <= %(now)s
returning attempts

-- count_mail --
insert into attempts (key, attempts, last_at) values (%(key)s, 1, %(now)s)
on conflict (key) do update
set attempts = case when attempts.last_at <= %(since)s then 1 else attempts.attempts + 1 end,
    last_at = case when attempts.last_at <= %(since)s then %(now)s else attempts.last_at end
where attempts.last_at <= %(since)s or attempts.attempts < %(most)s
returning attempts

-- wait --
select ceil(least(%(longest)s, 2 ^ (attempts - %(free)s)) - extract(epoch from %(now)s - last_at))::integer as seconds
from attempts where key = %(key)s

-- succeeded --
update attempts set attempts = greatest(0, attempts - 1) where key = any(%(keys)s)
