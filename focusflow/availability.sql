-- touching --
-- What may take place in a span: single appointments that touch it, and recurring ones that began before its end.
select * from calendar_events
where user_id = %(user_id)s and start_at < %(until)s
  and (rrule is not null or end_at > %(since)s or (end_at = start_at and start_at >= %(since)s))
order by start_at, id limit %(limit)s

-- days_off --
select first_date, last_date from days_off where user_id = %(user_id)s and first_date <= %(until)s and last_date >= %(since)s

-- working_hours --
select work_from, work_until from preferences where user_id = %(user_id)s
