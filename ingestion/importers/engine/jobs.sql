-- claim --
-- The longest waiting import whose user has none under way; users whose last one ended long ago come first.
update imports set claimed_at = %(now)s, attempts = attempts + 1
where id = (
    select waiting.id from imports as waiting
    where waiting.status in ('previewing', 'importing', 'undoing')
        and (waiting.claimed_at is null or waiting.claimed_at < %(expired)s)
        and not exists (
            select from imports as running
            where running.user_id = waiting.user_id and running.status in ('previewing', 'importing', 'undoing')
                and running.claimed_at >= %(expired)s
        )
    order by
        (
            select max(done.updated_at) from imports as done
            where done.user_id = waiting.user_id and done.status not in ('previewing', 'importing', 'undoing')
        ) nulls first,
        waiting.queued_at
    limit 1 for update skip locked
)
returning id, user_id, attempts

-- renew --
update imports set claimed_at = clock_timestamp() where id = %(id)s and status in ('previewing', 'importing', 'undoing')

-- show_progress --
update imports set claimed_at = clock_timestamp(), progress_done = %(done)s, progress_total = %(total)s
where id = %(id)s and status in ('previewing', 'importing', 'undoing')

-- release --
update imports set claimed_at = null, attempts = 0 where id = any(%(ids)s) and status in ('previewing', 'importing', 'undoing')

-- fail --
-- What could not be undone is still there, and can be tried again.
update imports
set status = case status when 'undoing' then 'done' else 'failed' end, problem = %(problem)s, claimed_at = null,
    updated_at = %(now)s, version = version + 1
where id = %(id)s and status in ('previewing', 'importing', 'undoing')

-- account --
select imports.user_id as id, timezone from imports join users on users.id = imports.user_id where imports.id = %(id)s

-- waiting --
select status, format, file_name, columns from imports where id = %(id)s

-- content --
select content from import_files where import_id = %(id)s order by part

-- show_preview --
update imports
set status = 'ready', format = %(format)s, counts = %(counts)s, findings = %(findings)s, findings_count = %(findings_count)s,
    columns = %(columns)s, problem = null, claimed_at = null, updated_at = %(now)s, version = version + 1
where id = %(id)s and status = 'previewing'
