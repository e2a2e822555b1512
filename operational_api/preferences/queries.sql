-- chosen --
select * from preferences where user_id = %(user_id)s

-- notifications --
select type, is_enabled, channels from notification_preferences where user_id = %(user_id)s

-- begin --
insert into preferences (user_id, updated_at, version) values (%(user_id)s, %(now)s, 0) on conflict do nothing

-- lock --
select * from preferences where user_id = %(user_id)s for update

-- save --
update preferences
set quiet_from = %(quiet_from)s, quiet_until = %(quiet_until)s, weekly_report = %(weekly_report)s,
    weekly_report_day = %(weekly_report_day)s, weekly_report_hour = %(weekly_report_hour)s, monthly_report = %(monthly_report)s,
    empty_week = %(empty_week)s, calm_mode = %(calm_mode)s,
    work_from = %(work_from)s, work_until = %(work_until)s, updated_at = %(now)s, version = version + 1
where user_id = %(user_id)s

-- choose --
insert into notification_preferences (user_id, type, is_enabled, channels) values (%(user_id)s, %(type)s, %(is_enabled)s, %(channels)s)
on conflict (user_id, type) do update set is_enabled = excluded.is_enabled, channels = excluded.channels
