-- all --
select * from categories order by lower(name), id limit 200

-- count --
select count(*) as count from categories

-- in_use --
select exists (select from tasks where category_id = %(id)s and deleted_at is null)
    or exists (select from goals where category_id = %(id)s and deleted_at is null) as found

-- leave_deleted --
-- What is deleted is kept for its history, and must not hold on to what is not.
with tasks as (update tasks set category_id = null where category_id = %(id)s and deleted_at is not null)
update goals set category_id = null where category_id = %(id)s and deleted_at is not null
