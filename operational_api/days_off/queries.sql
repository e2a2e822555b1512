-- page --
select * from days_off
where (%(since)s::date is null or last_date >= %(since)s) and (%(until)s::date is null or first_date <= %(until)s)
  and (%(after_key)s::date is null or (first_date, id) < (%(after_key)s::date, %(after_id)s::uuid))
order by first_date desc, id desc limit %(limit)s + 1

-- overlapping --
-- Locked by their account, so that two that come together do not both find nothing.
select days_off.id from (select id from users where id = %(user_id)s for update) as account
join days_off on days_off.user_id = account.id
where daterange(first_date, last_date, '[]') && daterange(%(first_date)s, %(last_date)s, '[]')
  and days_off.id is distinct from %(own)s::uuid limit 1
