-- page --
select * from days_off
where (%(since)s::date is null or last_date >= %(since)s) and (%(until)s::date is null or first_date <= %(until)s)
  and (%(after_key)s::date is null or (first_date, id) < (%(after_key)s::date, %(after_id)s::uuid))
order by first_date desc, id desc limit %(limit)s + 1

-- overlapping --
select id from days_off
where daterange(first_date, last_date, '[]') && daterange(%(first_date)s, %(last_date)s, '[]')
  and id is distinct from %(own)s::uuid limit 1
