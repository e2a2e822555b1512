-- A person sees their own rows, in the new tables too. Forced, so that not even the owner of the tables reads around it.
do $$
declare
    table_name text;
begin
    foreach table_name in array array['published_rows', 'goal_progress', 'notifications', 'preferences', 'notification_preferences',
                                      'api_keys', 'mail_tokens', 'audit_log'] loop
        execute 'alter table ' || table_name || ' enable row level security';
        execute 'alter table ' || table_name || ' force row level security';
    end loop;
    foreach table_name in array array['published_rows', 'goal_progress', 'notifications', 'preferences', 'notification_preferences',
                                      'api_keys'] loop
        execute 'create policy own on ' || table_name || ' to focusflow_api using (user_id = current_user_id())';
    end loop;
    foreach table_name in array array['published_rows', 'notifications', 'preferences', 'notification_preferences', 'audit_log'] loop
        execute 'create policy reporting on ' || table_name || ' to focusflow_reporting using (true)';
    end loop;
    foreach table_name in array array['habit_logs', 'time_entries', 'calendar_events', 'days_off', 'goal_progress'] loop
        execute 'create policy reporting on ' || table_name || ' for select to focusflow_reporting using (true)';
        execute 'grant select on ' || table_name || ' to focusflow_reporting';
    end loop;
    foreach table_name in array array['api_keys', 'mail_tokens', 'audit_log'] loop
        execute 'create policy auth on ' || table_name || ' to focusflow_auth using (true)';
    end loop;
end $$;

-- What a person did is written down under their own name, and cannot be read or changed by the role that writes it.
create policy own on audit_log for insert to focusflow_api with check (actor_id = current_user_id());

grant select, insert, update, delete on goal_progress, notifications, preferences, notification_preferences to focusflow_api;
grant select, insert, update on api_keys to focusflow_api;
grant select, update on api_keys to focusflow_auth;
grant select, insert, update, delete on mail_tokens, attempts to focusflow_auth;
grant insert on audit_log to focusflow_api;
grant select, insert on audit_log to focusflow_auth, focusflow_reporting;
grant select on published_rows, published_product, publications to focusflow_api;
grant select, insert, update, delete on published_rows, published_product, publications to focusflow_reporting;
grant select, insert, update on notifications to focusflow_reporting;
grant select on preferences, notification_preferences to focusflow_reporting;
