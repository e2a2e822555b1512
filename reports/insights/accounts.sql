-- kept --
select output from ai_messages where user_id = %(user_id)s and request_hash = %(request_hash)s and status = 'written' order by created_at desc limit 1

-- spent --
select coalesce(sum(tokens_in + tokens_out) filter (where user_id = %(user_id)s), 0)::bigint as own,
       coalesce(sum(tokens_in + tokens_out), 0)::bigint as everybody
from ai_messages where created_at > %(since)s

-- record --
insert into ai_messages (id, user_id, created_at, kind, request_hash, prompt_version, model, status, tokens_in, tokens_out, cost, latency_ms, reason, output)
values (%(id)s, %(user_id)s, %(now)s, %(kind)s, %(request_hash)s, %(prompt_version)s, %(model)s, %(status)s, %(tokens_in)s, %(tokens_out)s, %(cost)s,
        %(latency_ms)s, %(reason)s, %(output)s)
on conflict (id) do nothing
