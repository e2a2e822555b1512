-- Accounts of tools are members of focusflow_analyst, which may read the views of the schema gold and no table. The views read
-- as focusflow_views, which owns them.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['focusflow_analyst', 'focusflow_views'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute 'create role ' || role_name || ' nologin';
        end if;
    end loop;
    if not pg_has_role(current_user, 'focusflow_views', 'member') then
        execute 'grant focusflow_views to ' || quote_ident(current_user);
    end if;
end $$;

grant usage on schema public to focusflow_views;
grant select on published_rows, published_product, tag_key to focusflow_views;
create policy views on published_rows for select to focusflow_views using (true);
