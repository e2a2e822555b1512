-- chosen_users --
-- Those whose lists are asked for: all users where none are named.
select distinct user_id
from silver.user_history
where $users::varchar[] is null or list_contains($users::varchar[], user_id)

-- zones --
select distinct timezone
from silver.user_history

-- extent --
-- The first and the last day on which the chosen users did something.
select min(valid_from)::date, max(valid_from)::date
from
    (
        select valid_from
        from versions
        union all
        select happened_at
        from acts
    )

-- versions --
-- Every version of the tasks of the chosen users, with whether somebody could then do it, and what it was before.
select
    user_id,
    task_id,
    version,
    change,
    valid_from,
    coalesce(valid_to, timestamptz '9999-01-01 00:00+00') as valid_to,
    timezone,
    created_at,
    due_at,
    due_date,
    start_at,
    priority,
    status,
    tags,
    category_id,
    parent_task_id,
    goal_id,
    estimated_minutes,
    recurrence,
    pinned,
    ai_generated,
    blocked_by,
    deleted_at is null and status in ('pending', 'in_progress') as is_open,
    deleted_at is null and status = 'completed' as is_done
from silver.task_history
semi join chosen_users using (user_id)
join
    (
        select user_id, arg_max(timezone, version) as timezone
        from silver.user_history
        semi join chosen_users using (user_id)
        group by user_id
    ) using (user_id)

-- moments --
-- When the chosen users might have asked what to do next: each local morning, and up to $after times a day just after
-- they had finished something; where they were up to something in the two weeks before: what was known then decides,
-- not whether they came back. `mornings` comes from outside, for a library of time zones is quicker than 100 k
-- look-ups.
with
    zones as (
        select user_id, timezone, valid_from, coalesce(valid_to, timestamptz '9999-01-01 00:00+00') as valid_to
        from silver.user_history
        semi join chosen_users using (user_id)
    ),
    days as (
        select user_id, timezone, local_date, as_of, day_begins, day_ends, next_day_ends
        from zones
        join mornings using (timezone)
        where as_of >= valid_from and as_of < valid_to
        qualify row_number() over (partition by user_id, local_date order by as_of) = 1
    ),
    stirred as (
        select user_id, valid_from as happened_at
        from versions
        union
        select user_id, happened_at
        from acts
    ),
    asked as (
        select days.*, true as is_morning
        from days
        asof join stirred on days.user_id = stirred.user_id and days.as_of >= stirred.happened_at
        where stirred.happened_at > days.as_of - interval 14 day
        union all
        select days.* replace (happened_at as as_of), false as is_morning
        from (select distinct user_id, happened_at from acts where is_done) as acts
        asof join days on acts.user_id = days.user_id and acts.happened_at > days.as_of
        where happened_at < day_ends
        qualify row_number() over (partition by days.user_id, local_date order by hash(happened_at)) <= $after
    )
select asked.*, row_number() over (partition by user_id order by as_of, is_morning) as number
from asked

-- moments_now --
-- One moment for all the chosen users, each in the zone they live in by then.
select
    user_id,
    timezone,
    local_date,
    $as_of::timestamptz as as_of,
    day_begins,
    day_ends,
    next_day_ends,
    false as is_morning,
    1::bigint as number
from
    (
        select user_id, arg_max(timezone, version) as timezone
        from silver.user_history
        semi join chosen_users using (user_id)
        where valid_from <= $as_of
        group by user_id
    )
join todays using (timezone)

-- works --
-- Stretches of work on a task, as soon as they were known: a timer when it stopped, an entry when it was written
-- down.
select
    user_id,
    task_id,
    time_entry_id,
    min(valid_from) as happened_at,
    arg_min(started_at, version) as started_at,
    least(1440, greatest(0, arg_min(epoch(ended_at) - epoch(started_at), version) / 60)) as minutes
from silver.time_entry_history
semi join chosen_users using (user_id)
where task_id is not null and ended_at is not null
group by all

-- work_versions --
-- Work on a task as it was noted at each moment: an entry that is changed or deleted counts so, or no more, from then
-- on.
select
    user_id,
    time_entry_id,
    task_id,
    valid_from,
    coalesce(valid_to, timestamptz '9999-01-01 00:00+00') as valid_to,
    greatest(made_at, ended_at) as happened_at,
    least(1440, greatest(0, (epoch(ended_at) - epoch(started_at)) / 60)) as minutes
from
    (
        select *, min(valid_from) over (partition by user_id, time_entry_id) as made_at
        from silver.time_entry_history
        semi join chosen_users using (user_id)
    )
where task_id is not null and ended_at is not null and change <> 'time.deleted'

-- moves --
-- When the due date of a task was moved, and for which time.
select user_id, task_id, moved_at, max(reschedules) as reschedules
from
    (
        select
            user_id,
            task_id,
            valid_from as moved_at,
            due <> due_before as is_moved,
            sum(is_moved::int) over (partition by user_id, task_id order by version) as reschedules
        from
            (
                select
                    *,
                    coalesce(due_at, due_date::timestamptz) as due,
                    lag(due) over (partition by user_id, task_id order by version) as due_before
                from versions
            )
        qualify is_moved
    )
group by all

-- acts --
-- What users did about tasks: finished them, or worked on them. Keys are those that the task then had.
with
    finished as (
        select user_id, task_id, valid_from as happened_at, true as is_done, 0.0 as minutes
        from (select *, lag(is_open) over (partition by user_id, task_id order by version) as was_open from versions)
        where is_done and was_open
    ),
    all_acts as (
        from finished
        union all by name
        select user_id, task_id, happened_at, false as is_done, minutes
        from works
    )
select all_acts.*, category_id, parent_task_id, goal_id, priority, tags, versions.created_at
from all_acts
asof join
    (from versions where valid_from < valid_to) as versions  -- of several within an instant, the last
    on all_acts.user_id = versions.user_id
    and all_acts.task_id = versions.task_id
    and all_acts.happened_at >= versions.valid_from

-- counters --
-- For each user and key (a category, a tag, an age …): how long tasks lay open, how many were finished and taken
-- up. Each counter forgets: a day counts half after $half_life days. Sums of exp(rate * at) make that exact at any
-- later moment with one look-up.
with
    spans as (
        select
            user_id,
            task_id,
            valid_from as begins,
            valid_to as ends,
            category_id,
            parent_task_id,
            priority,
            tags,
            created_at
        from versions
        where is_open and valid_from < valid_to
    ),
    ages as (
        select
            user_id,
            'age' as kind,
            age as key,
            greatest(begins, created_at + to_seconds(86400 * from_day)) as begins,
            least(ends, created_at + to_seconds(86400 * to_day)) as ends
        from
            spans,
            (
                values
                    ('0', -1e4, 1.0),
                    ('1', 1.0, 3.0),
                    ('2', 3.0, 8.0),
                    ('3', 8.0, 31.0),
                    ('4', 31.0, 91.0),
                    ('5', 91.0, 1e5)
            ) as bins(age, from_day, to_day)
        where
            greatest(begins, created_at + to_seconds(86400 * from_day))
            < least(ends, created_at + to_seconds(86400 * to_day))
    ),
    keyed as (
        select user_id, unnest(keys).kind as kind, unnest(keys).key as key, begins, ends
        from
            (
                select
                    *,
                    [
                        {'kind':'all', 'key':''},
                        {'kind':'priority', 'key':priority},
                        {'kind':'category', 'key':coalesce(category_id, '')},
                        {'kind':'parent', 'key':coalesce(parent_task_id, '')}
                    ]
                    || list_transform(tags, lambda tag: {'kind':'tag', 'key':tag}) as keys
                from spans
            )
        union all by name
        from ages
    ),
    done as (
        select user_id, unnest(keys).kind as kind, unnest(keys).key as key, happened_at, is_done
        from
            (
                select
                    *,
                    [
                        {'kind':'all', 'key':''},
                        {'kind':'priority', 'key':priority},
                        {'kind':'category', 'key':coalesce(category_id, '')},
                        {'kind':'parent', 'key':coalesce(parent_task_id, '')},
                        {'kind':'age', 'key':age_of(happened_at, created_at)}
                    ]
                    || list_transform(tags, lambda tag: {'kind':'tag', 'key':tag}) as keys
                from acts
            )
    ),
    changes as (
        select user_id, kind, key, begins as happened_at, 1 as opened, 0 as done, 0 as acts
        from keyed
        union all
        select user_id, kind, key, ends, -1, 0, 0
        from keyed
        where ends < timestamptz '9000-01-01 00:00+00'
        union all
        select user_id, kind, key, happened_at, 0, is_done::int, 1
        from done
    ),
    summed as (
        select
            user_id,
            kind,
            key,
            happened_at,
            sum(opened) as opened,
            sum(done) as done,
            sum(acts) as acts,
            exp(ln(2) / $half_life * (epoch(happened_at) / 86400 - 18000)) as weight  -- since 2019: any day does
        from changes
        group by all
    )
select
    user_id,
    kind,
    key,
    happened_at,
    sum(opened) over earlier as open,
    sum(opened * weight) over earlier as open_weight,
    sum(done * weight) over earlier as done_weight,
    sum(acts * weight) over earlier as acts_weight,
    sum(acts) over earlier as acts_in_all
from summed
window earlier as (partition by user_id, kind, key order by happened_at rows unbounded preceding)

-- facts --
-- What was known of each open task at each moment, and how often its due date had been moved when the day began.
with
    spans as (from versions where is_open),
    until as (select user_id, number, as_of + interval 1 microsecond as after from moments),
    placed as (  -- from which of the user's moments on, and up to which
        select spans.*, coalesce(earlier.number, 0) + 1 as first_number, latest.number as last_number
        from spans
        asof left join until as earlier on spans.user_id = earlier.user_id and spans.valid_from >= earlier.after
        asof join until as latest on spans.user_id = latest.user_id and spans.valid_to >= latest.after
    ),
    open as (
        select * exclude (first_number, last_number), unnest(range(first_number, last_number + 1)) as number
        from placed
        where first_number <= last_number
    ),
    listed as (
        select
            open.* replace (moments.timezone as timezone),
            coalesce(reschedules, 0) as reschedules,
            moments.local_date,
            moments.as_of,
            is_morning,
            day_begins,
            day_ends,
            next_day_ends
        from open
        join moments using (user_id, number)
        asof left join
            moves
            on open.user_id = moves.user_id
            and open.task_id = moves.task_id
            and moments.day_begins > moves.moved_at
    ),
    waiting as (  -- blockers that are open at the moment
        select listed.user_id, listed.number, listed.task_id, blocker.task_id as blocker
        from (select user_id, number, task_id, unnest(blocked_by) as blocked_by from listed) as listed
        join
            listed as blocker
            on blocker.user_id = listed.user_id
            and blocker.number = listed.number
            and blocker.task_id = listed.blocked_by
    ),
    blocks as (select user_id, number, blocker as task_id, count(*) as blocks from waiting group by all)
select
    listed.* exclude (valid_from, valid_to, change, is_open, is_done, blocked_by),
    valid_from as touched_at,
    []::varchar[] as blocked_by,
    coalesce(blocks, 0) as blocks
from listed
left join blocks using (user_id, number, task_id)
anti join waiting using (user_id, number, task_id)
where start_at is null or start_at <= as_of

-- worked --
-- How much each task of the list had been worked on by then, in all and lately, and when last. Where work on a task was
-- changed or taken back, or noted later than it ended, each moment sums up what was noted then.
with
    rewritten as (
        select distinct user_id, task_id
        from work_versions
        where valid_to < timestamptz '9000-01-01 00:00+00' or valid_from > happened_at
    ),
    summed as (
        select
            user_id,
            task_id,
            happened_at,
            sum(minutes) over earlier as minutes_worked,
            sum(stretches) over earlier as stretches
        from
            (
                select
                    user_id, task_id, happened_at, sum(minutes order by time_entry_id) as minutes, count(*) as stretches
                from work_versions
                anti join rewritten using (user_id, task_id)
                group by all
            )
        window earlier as (partition by user_id, task_id order by happened_at)
    ),
    by_then as (
        select
            facts.user_id,
            facts.number,
            facts.task_id,
            as_of - interval 3 day as days_ago_3,
            as_of - interval 14 day as days_ago_14,
            minutes_worked,
            stretches,
            happened_at as worked_at
        from facts
        asof join
            summed
            on facts.user_id = summed.user_id
            and facts.task_id = summed.task_id
            and facts.as_of >= summed.happened_at
    )
select
    by_then.* exclude (days_ago_3, days_ago_14),
    by_then.stretches - coalesce(before_3.stretches, 0) as stretches_3,
    by_then.stretches - coalesce(before_14.stretches, 0) as stretches_14
from by_then
asof left join
    summed as before_3
    on by_then.user_id = before_3.user_id
    and by_then.task_id = before_3.task_id
    and by_then.days_ago_3 >= before_3.happened_at
asof left join
    summed as before_14
    on by_then.user_id = before_14.user_id
    and by_then.task_id = before_14.task_id
    and by_then.days_ago_14 >= before_14.happened_at
union all by name
select
    user_id,
    number,
    task_id,
    sum(minutes order by happened_at, time_entry_id) as minutes_worked,
    count(*) as stretches,
    max(happened_at) as worked_at,
    count(*) filter (where happened_at > as_of - interval 3 day) as stretches_3,
    count(*) filter (where happened_at > as_of - interval 14 day) as stretches_14
from facts
join (from work_versions semi join rewritten using (user_id, task_id)) as noted using (user_id, task_id)
where noted.valid_from <= as_of and noted.valid_to > as_of and happened_at <= as_of
group by user_id, number, task_id

-- active_days --
-- When somebody took up something first on each day.
select
    user_id, min(happened_at) as happened_at, row_number() over (partition by user_id order by min(happened_at)) as day
from acts
group by user_id, happened_at::date

-- skipped --
-- On how many days before this one somebody took up something since each task was there.
with
    known as (select distinct user_id, task_id, created_at from facts),
    before_it as (
        select known.user_id, known.task_id, day
        from known
        asof join active_days on known.user_id = active_days.user_id and known.created_at >= active_days.happened_at
    ),
    by_then as (
        select moments.user_id, moments.number, day
        from moments
        asof join active_days on moments.user_id = active_days.user_id and moments.day_begins > active_days.happened_at
    )
select
    facts.user_id, facts.number, facts.task_id, greatest(0, by_then.day - coalesce(before_it.day, 0)) as times_skipped
from facts
join by_then using (user_id, number)
left join before_it using (user_id, task_id)

-- last_before --
-- What each user had taken up last when the day began, though it may have been taken back since; of several tasks in
-- one
-- instant, a finished one, and of those the one created last.
select moments.user_id, number, happened_at, is_done, created_at, task_id
from moments
asof join
    (
        from acts
        qualify
            row_number() over (partition by user_id, happened_at order by is_done desc, created_at desc, task_id desc)
            = 1
    ) as acts
    on moments.user_id = acts.user_id
    and moments.day_begins > acts.happened_at

-- last_act --
-- What each user took up last: before the day began, or since then if it was not taken back. Its category and the like
-- are those that it has at the moment.
with
    lasting as (
        select acts.user_id, acts.task_id, acts.happened_at, is_done_by, acts.created_at, valid_from, valid_to
        from (select *, is_done as is_done_by from acts where is_done) as acts
        join (from versions where is_done and valid_from < valid_to) as versions using (user_id, task_id)
        union all by name
        select
            work_versions.user_id,
            work_versions.task_id,
            happened_at,
            false as is_done_by,
            made.created_at,
            valid_from,
            valid_to
        from work_versions
        join
            (select user_id, task_id, min(created_at) as created_at from versions group by all) as made using (
                user_id, task_id
            )
    ),
    dates as (  -- of UTC, so that only acts of nearly the same hours are compared
        select
            user_id,
            number,
            as_of,
            day_begins,
            unnest(range(day_begins::date, as_of::date + 1, interval 1 day))::date as happened_on
        from moments
    ),
    candidates as (
        select user_id, number, happened_at, is_done, created_at, task_id
        from last_before
        union all
        select dates.user_id, number, happened_at, is_done_by, created_at, task_id
        from dates
        join (select *, happened_at::date as happened_on from lasting) as lasting using (user_id, happened_on)
        where happened_at between day_begins and as_of and valid_from <= as_of and valid_to > as_of
    ),
    latest as (
        select candidates.*, as_of
        from candidates
        join moments using (user_id, number)
        qualify
            row_number() over (
                partition by candidates.user_id, number
                order by happened_at desc, is_done desc, candidates.created_at desc, task_id desc
            )
            = 1
    )
select
    latest.user_id,
    number,
    happened_at as acted_at,
    latest.task_id as last_task_id,
    category_id as last_category_id,
    parent_task_id as last_parent_task_id,
    goal_id as last_goal_id,
    tags as last_tags
from latest
asof join
    (from versions where valid_from < valid_to) as versions
    on latest.user_id = versions.user_id
    and latest.task_id = versions.task_id
    and latest.as_of >= versions.valid_from

-- asked --
-- Which keys the lists speak of.
select distinct user_id, number, day_begins, unnest(keys).kind as kind, unnest(keys).key as key
from
    (
        select
            *,
            [
                {'kind':'all', 'key':''},
                {'kind':'priority', 'key':priority},
                {'kind':'category', 'key':coalesce(category_id, '')},
                {'kind':'parent', 'key':coalesce(parent_task_id, '')},
                {'kind':'age', 'key':age_of(as_of, created_at)}
            ]
            || list_transform(tags, lambda tag: {'kind':'tag', 'key':tag}) as keys
        from facts
    )

-- asked_of_all --
-- Every key of which anything is remembered.
select distinct user_id, number, day_begins, kind, key
from counters
join moments using (user_id)

-- rates --
-- Of each key that is asked for: days lain open, finished, taken up, all as the counters remembered them when the day
-- began. Habits do not change within a day, so that a task which is written in the middle of it is scored as it will
-- be by the next batch.
select
    asked.user_id,
    number,
    asked.kind,
    asked.key,
    counters.open / rate - counters.open_weight * fading / rate as days_open,
    counters.done_weight * fading as done,
    counters.acts_weight * fading as acts,
    counters.acts_in_all - coalesce(before.acts_in_all, 0) as lately
from
    (
        select
            *,
            day_begins - interval 7 day as week_ago,
            ln(2) / $half_life as rate,
            exp(- ln(2) / $half_life * (epoch(day_begins) / 86400 - 18000)) as fading
        from asked
    ) as asked
asof join
    counters
    on asked.user_id = counters.user_id
    and asked.kind = counters.kind
    and asked.key = counters.key
    and asked.day_begins >= counters.happened_at
asof left join
    counters as before
    on asked.user_id = before.user_id
    and asked.kind = before.kind
    and asked.key = before.key
    and asked.week_ago >= before.happened_at

-- behind --
-- How far the goal of a task is behind its pace: the share of its time that is over, less its progress.
with
    goals as (
        select user_id, goal_id, valid_from, status, progress, start_date, target_date
        from silver.goal_history
        semi join chosen_users using (user_id)
        where valid_to is null or valid_from < valid_to
    )
select
    facts.user_id,
    facts.number,
    facts.task_id,
    case
        when goals.status = 'active' and start_date < target_date and local_date > start_date
        then least(1, (local_date - start_date) / (target_date - start_date)) - progress / 100
    end as goal_behind
from facts
asof join goals on facts.user_id = goals.user_id and facts.goal_id = goals.goal_id and facts.as_of >= goals.valid_from

-- complete --
with
    tag_rates as (
        select
            facts.user_id,
            facts.number,
            facts.task_id,
            avg(days_open order by rates.key) as tag_days_open,
            avg(done order by rates.key) as tag_done,
            avg(acts order by rates.key) as tag_acts,
            avg(lately order by rates.key) as tag_lately
        from (select user_id, number, task_id, unnest(tags) as key from facts) as facts
        join
            rates
            on rates.user_id = facts.user_id
            and rates.number = facts.number
            and rates.key = facts.key
            and kind = 'tag'
        group by all
    )
select
    facts.*,
    minutes_worked,
    stretches,
    stretches_3,
    stretches_14,
    worked_at,
    times_skipped,
    last_act.* exclude (user_id, number),
    r_all.days_open as all_days_open,
    r_all.done as all_done,
    r_all.acts as all_acts,
    r_all.lately as all_lately,
    r_priority.days_open as priority_days_open,
    r_priority.done as priority_done,
    r_priority.acts as priority_acts,
    r_priority.lately as priority_lately,
    r_category.days_open as category_days_open,
    r_category.done as category_done,
    r_category.acts as category_acts,
    r_category.lately as category_lately,
    r_parent.days_open as parent_days_open,
    r_parent.done as parent_done,
    r_parent.acts as parent_acts,
    r_parent.lately as parent_lately,
    r_age.days_open as age_days_open,
    r_age.done as age_done,
    r_age.acts as age_acts,
    r_age.lately as age_lately,
    tag_days_open,
    tag_done,
    tag_acts,
    tag_lately,
    goal_behind,
    epoch(day_ends - as_of) / 3600 as hours_left
from facts
left join worked using (user_id, number, task_id)
left join skipped using (user_id, number, task_id)
left join last_act using (user_id, number)
left join behind using (user_id, number, task_id)
left join tag_rates using (user_id, number, task_id)
left join rates as r_all on r_all.user_id = facts.user_id and r_all.number = facts.number and r_all.kind = 'all'
left join
    rates as r_priority
    on r_priority.user_id = facts.user_id
    and r_priority.number = facts.number
    and r_priority.kind = 'priority'
    and r_priority.key = facts.priority
left join
    rates as r_category
    on r_category.user_id = facts.user_id
    and r_category.number = facts.number
    and r_category.kind = 'category'
    and r_category.key = coalesce(facts.category_id, '')
left join
    rates as r_parent
    on r_parent.user_id = facts.user_id
    and r_parent.number = facts.number
    and r_parent.kind = 'parent'
    and r_parent.key = coalesce(facts.parent_task_id, '')
left join
    rates as r_age
    on r_age.user_id = facts.user_id
    and r_age.number = facts.number
    and r_age.kind = 'age'
    and r_age.key = age_of(as_of, created_at)
