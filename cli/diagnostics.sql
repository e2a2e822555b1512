-- What `focusflow doctor` asks the database.

-- answers --
-- What became of the answers of the AI service in the last day, and the reason of most of those that were not used.
select status = 'written' as is_used, count(*) as count, mode() within group (order by reason) as reason from ai_messages
where model <> 'local' and created_at > clock_timestamp() - interval '24 hours' group by 1
