-- all --
select * from notification_channels order by created_at, id

-- count --
select count(*) as channels from notification_channels

-- deliveries --
select id, kind, status, attempts, delivered_at, problem, created_at from channel_deliveries
where user_id = %(user_id)s and channel_id = %(channel_id)s order by created_at desc, id desc limit 50

-- test --
insert into channel_deliveries (id, user_id, channel_id, subject_id, kind, created_at, title, body, next_attempt_at, useful_until)
values (%(id)s, %(user_id)s, %(channel_id)s, %(id)s, 'test', %(now)s, %(title)s, %(body)s, %(now)s, %(useful_until)s)
returning id, kind, status, attempts, delivered_at, problem, created_at

-- tests_waiting --
select count(*) as tests from channel_deliveries
where user_id = %(user_id)s and channel_id = %(channel_id)s and kind = 'test' and status = 'waiting'
