-- The ledger of deliveries. A state is only ever left by the statement that names it in its condition: of two senders, one finds it gone.

-- plan --
insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, next_attempt_at, message_id)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, %(kind)s, %(period)s, %(first_day)s, %(last_day)s, %(now)s, %(message_id)s)
on conflict (user_id, kind, period) do nothing

-- newest --
select user_id, kind, max(last_day) as last_day from report_deliveries where last_day >= %(since)s group by user_id, kind

-- overtake --
update report_deliveries as older
set status = 'skipped', reason = 'a newer one took its place', version = version + 1, updated_at = %(now)s
where status = 'due' and exists (
    select from report_deliveries as newer
    where newer.user_id = older.user_id and newer.kind = older.kind and newer.last_day > older.last_day)

-- lose --
update report_deliveries
set status = 'unknown', reason = 'the sender stopped between handing the mail over and writing down what became of it', claimed_until = null,
    version = version + 1, updated_at = %(now)s
where status = 'sending' and claimed_until < %(now)s
returning *

-- lost --
select id from report_deliveries where status = 'sending' and claimed_until < %(now)s limit 1

-- waiting --
-- All users' first comes before anybody's second, and what was never tried before what failed.
select id from report_deliveries where status = 'due' and next_attempt_at <= %(now)s
order by row_number() over (partition by user_id order by attempts, next_attempt_at, id), attempts, next_attempt_at, id

-- one --
select * from report_deliveries where id = %(id)s

-- of_key --
select * from report_deliveries where user_id = %(user_id)s and kind = %(kind)s and period = %(period)s

-- before --
select * from report_deliveries
where user_id = %(user_id)s and kind = %(kind)s and status = 'sent' and last_day < %(first)s
  and (%(sent_by)s::timestamptz is null or sent_at <= %(sent_by)s)
order by last_day desc limit 1

-- newest_of --
select * from report_deliveries where user_id = %(user_id)s and kind = %(kind)s order by last_day desc limit 1

-- claim --
update report_deliveries
set status = 'sending', attempts = attempts + 1, claimed_until = %(until)s, content = %(content)s, version = version + 1, updated_at = %(now)s
where id = %(id)s and version = %(version)s and status = 'due'
returning *

-- settle --
update report_deliveries
set status = %(status)s, attempts = attempts - %(unused)s, reason = %(reason)s, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at), claimed_until = null,
    sent_at = case when %(status)s = 'sent' then %(now)s else sent_at end, version = version + 1, updated_at = %(now)s
where id = %(id)s and attempts = %(attempts)s and status in ('sending', 'unknown')
returning *

-- postpone --
update report_deliveries
set status = %(status)s, reason = %(reason)s, attempts = attempts + 1, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at),
    version = version + 1, updated_at = %(now)s
where id = %(id)s and version = %(version)s and status = 'due'
returning *

-- attempts --
select version, attempts from report_deliveries where id = %(id)s and status = 'due'

-- release --
update report_deliveries set status = 'due', reason = null, next_attempt_at = %(now)s, version = version + 1, updated_at = %(now)s
where id = %(id)s and version = %(version)s and status in ('failed', 'unknown', 'skipped')
returning *

-- come_back --
-- A server took the mail and found later that it could not be delivered.
update report_deliveries set status = 'failed', reason = %(reason)s, version = version + 1, updated_at = %(now)s
where message_id = %(message_id)s and status in ('sent', 'unknown')
returning *

-- shown --
select email, kind, period, status, attempts, next_attempt_at, sent_at, reason, report_deliveries.updated_at
from report_deliveries join users on users.id = user_id
where (%(status)s::text is null or status = %(status)s)
order by report_deliveries.updated_at desc limit %(limit)s

-- notify --
insert into notifications (id, user_id, created_at, updated_at, type, title, channels, data, scheduled_at, sent_at, status)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'report', %(title)s, '{in_app}', %(data)s, %(now)s, %(now)s, 'sent')
