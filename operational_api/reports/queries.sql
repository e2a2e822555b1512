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
