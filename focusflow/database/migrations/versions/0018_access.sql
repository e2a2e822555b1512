-- A user uploads, previews, confirms and discards their own imports.
alter table import_files enable row level security;
alter table import_files force row level security;
create policy own on import_files to focusflow_api using (user_id = current_user_id());
grant select, insert, delete on import_files to focusflow_api;
grant delete on imports to focusflow_api;
grant update (format, counts, findings, findings_count, columns, problem, queued_at, claimed_at, attempts, progress_done, progress_total)
    on imports to focusflow_api;

-- The importer sees that something waits and says how far it is; what is in the file it reads as its user.
create policy waiting on imports to focusflow_ingestion using (true);
grant select (id, user_id, status, queued_at, claimed_at, attempts, updated_at, version),
    update (status, problem, claimed_at, attempts, progress_done, progress_total, updated_at, version) on imports to focusflow_ingestion;

-- What nobody confirmed expires.
create policy expired on imports for delete to focusflow_auth using (status in ('ready', 'failed'));
create policy seen on imports for select to focusflow_auth using (true);
grant select (status, updated_at), delete on imports to focusflow_auth;

-- Compressing an archive again costs time and saves nothing.
alter table import_files alter column content set storage external;
