-- touching --
-- What may take place in a span: single appointments that touch it, and recurring ones that began before its end and, as far as UNTIL tells,
-- had not ended before its start. UNTIL is a moment of another zone, or a local day: two days more are enough. Times that were added, and
-- rules beside the first, may go on after that. Of times that are added or left out, those of the span and a day around it are enough.
select id, title, start_at, end_at, all_day, busy, location, calendar_id, rrule, extra_rrules, rrule is not null or rdates <> '{}' as is_recurring,
       array(select moment from unnest(rdates) as moment
             where moment > %(since)s - (end_at - start_at) - interval '1 day' and moment < %(until)s + interval '1 day') as rdates,
       array(select moment from unnest(exdates) as moment
             where moment > %(since)s - (end_at - start_at) - interval '1 day' and moment < %(until)s + interval '1 day') as exdates
from calendar_events
where user_id = %(user_id)s and start_at < %(until)s
  and (rrule is null or extra_rrules <> '{}' or rdates <> '{}'
       or coalesce(substring(upper(rrule) from 'UNTIL=([0-9]{8})'), '99991231')
          >= to_char(%(since)s - (end_at - start_at) - interval '2 days', 'YYYYMMDD'))
  and (rrule is not null or rdates <> '{}' or end_at > %(since)s or (end_at = start_at and start_at >= %(since)s))
order by start_at, id limit %(limit)s

-- days_off --
select first_date, last_date from days_off where user_id = %(user_id)s and first_date <= %(until)s and last_date >= %(since)s

-- working_hours --
select work_from, work_until from preferences where user_id = %(user_id)s
