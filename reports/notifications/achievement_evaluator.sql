-- new --
-- What is earned by the published table of achievements and has not been told yet.
select user_id, row->>'achievement' as name, locale
from published_rows join users on users.id = user_id and is_active and erased_at is null
where table_name = 'achievements' and row->>'earned_on' is not null
  and not exists (select from earned_achievements as told where told.user_id = published_rows.user_id and achievement = row->>'achievement')

-- keep --
insert into earned_achievements (user_id, achievement, earned_at) select %(user_id)s, unnest(%(names)s::text[]), %(now)s
on conflict do nothing returning achievement

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'achievement', %(title)s, %(body)s, %(data)s, %(now)s)
