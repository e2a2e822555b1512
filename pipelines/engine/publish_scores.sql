-- in_turn --
select pg_advisory_xact_lock(hashtextextended('priority_scores', 0))

-- serving --
select inhrelid::regclass::text as name from pg_inherits where inhparent = 'priority_scores'::regclass

-- scoring --
set local role focusflow_scoring

-- alone --
-- Nobody writes scores from here to the end; everybody reads those of before.
lock table priority_scores in share row exclusive mode

-- newer --
-- Whoever has scores that a later write brought further. Scores of a moment still to come are of a clock that ran ahead, and go.
select distinct user_id from priority_scores where as_of > %(as_of)s and as_of <= clock_timestamp()

-- owner --
reset role

-- patience --
set local lock_timeout = '100ms'
