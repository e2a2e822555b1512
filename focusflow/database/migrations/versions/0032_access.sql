-- The key stays where the tags are: whoever has only the lake cannot try words against its hashes.
grant select on tag_key to focusflow_api, focusflow_ingestion;
create function hashed_tags(owner uuid, tags text[]) returns text[] language sql stable parallel safe as $$
    select coalesce(array_agg(left(encode(sha256(convert_to(key || owner || tag, 'UTF8')), 'hex'), 32) order by place), '{}')
    from tag_key, unnest(tags) with ordinality as each (tag, place)
$$;
