-- page --
select * from imports
where (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- unfinished --
select count(*) as count from imports where status not in ('done', 'undone')

-- add_file --
insert into import_files (import_id, part, user_id, content) values (%(id)s, %(part)s, %(user_id)s, %(content)b)

-- discard --
delete from imports where id = %(id)s
