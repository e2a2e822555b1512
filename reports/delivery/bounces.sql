-- come_back --
update notifications set status = 'failed', data = data || %(note)s, updated_at = %(now)s, version = version + 1
where id = %(id)s and status = 'sent'
returning user_id
