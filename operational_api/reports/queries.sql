-- account --
select timezone from users where id = %(user_id)s and erased_at is null

-- begin --
insert into preferences (user_id, updated_at, version) values (%(user_id)s, %(now)s, 0) on conflict do nothing

-- end_mails --
update preferences
set weekly_report = weekly_report and %(kind)s <> 'weekly', monthly_report = monthly_report and %(kind)s <> 'monthly', updated_at = %(now)s,
    version = version + 1
where user_id = %(user_id)s and case %(kind)s when 'weekly' then weekly_report else monthly_report end
returning version

-- end_notices --
-- In the app they stay. A user who never chose has no row yet, and gets one only where the kind is emailed by default.
with ended as (
    insert into notification_preferences (user_id, type, is_enabled, channels)
    select %(user_id)s, %(kind)s, true, array_remove(coalesce(chosen.channels, %(channels)s::text[]), 'email')
    from (select 1) as always
    left join notification_preferences as chosen on chosen.user_id = %(user_id)s and chosen.type = %(kind)s
    where 'email' = any(coalesce(chosen.channels, %(channels)s::text[]))
    on conflict (user_id, type) do update set channels = excluded.channels
    returning user_id)
update preferences set updated_at = %(now)s, version = version + 1 where user_id in (select user_id from ended)
returning version

-- page --
select id, kind, period, first_day, last_day, status, reason, sent_at, created_at, content is not null as is_made from report_deliveries
where (%(kind)s::text is null or kind = %(kind)s)
  and (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- content --
select content from report_deliveries where id = %(id)s

-- person --
select id, display_name, week_start, locale from users where id = %(user_id)s
