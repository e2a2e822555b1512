-- Personal texts of an earlier version in silver, for DuckDB. What is a hash already stays.

-- macros --
create or replace macro is_readable(value) as not regexp_full_match(value, '[0-9a-f]{32}');
create or replace macro hashed_once(key, owner, value) as case when is_readable(value) then hashed_text(key, owner, value) else value end

-- readable_events --
select distinct bucket, month from events
where (noun = 'task' and len(list_filter(json_extract_string(data, '$.tags[*]'), lambda tag: is_readable(tag))) > 0)
    or (noun = 'activity' and (is_readable(data ->> '$.session_id') or is_readable(data ->> '$.app_version')))
order by all

-- hashed_events --
select * replace (case noun
    when 'task' then json_merge_patch(data, json_object('tags',
        coalesce(list_transform(json_extract_string(data, '$.tags[*]'), lambda tag: hashed_once($tag_key, user_id, tag)), [])))
    when 'activity' then json_merge_patch(data, json_object(
        'session_id', hashed_once($tag_key, user_id, data ->> '$.session_id'),
        'app_version', hashed_once($tag_key, user_id, data ->> '$.app_version')))
    else data end::varchar as data)
from events

-- readable_tasks --
select distinct bucket, last_month from tasks where len(list_filter(tags, lambda tag: is_readable(tag))) > 0 order by all

-- hashed_tasks --
select * replace (list_transform(tags, lambda tag: hashed_once($tag_key, user_id, tag)) as tags) from tasks
