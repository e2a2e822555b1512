"""Where columns come from, and apart from that what filters and joins their rows."""

from pipelines.engine import lineage
from pipelines.engine.column_lineage import Query

SCHEMA = {"silver": {name: dict.fromkeys(("id", "day", "amount", "kind"), "VARCHAR") for name in ("a", "b", "c")}}


def origin(query, column="total", **beside):
    return Query.parse(query, SCHEMA, beside).column(column)


def test_a_filter_is_no_value_and_names_the_branch_of_a_union():
    query = """
        with both as (select id, 'x' as what, amount from silver.a where kind = 'k' union all select id, 'y', amount from silver.b)
        select id, sum(amount) filter (where what = 'x') as total, sum(amount) filter (where what = 'y') as other from both group by id"""
    assert origin(query).values == {("silver/a", "amount")}
    assert origin(query).filters == {("silver/a", "kind")}
    assert origin(query, "other").values == {("silver/b", "amount")}
    assert origin(query, "other").filters == frozenset()


def test_join_keys_are_named_apart_and_an_unused_left_join_decides_nothing():
    query = """
        select a.id, b.amount as total, a.amount as own
        from silver.a as a join silver.c as c on c.id = a.id left join silver.b as b on b.day = a.day where c.kind = 'k'"""
    found = origin(query)
    assert (found.values, found.filters) == ({("silver/b", "amount")}, {("silver/c", "kind")})
    assert found.joins == {("silver/c", "id"), ("silver/a", "id"), ("silver/b", "day"), ("silver/a", "day")}
    assert origin(query, "own").joins == {("silver/c", "id"), ("silver/a", "id")}


def test_a_query_that_refers_to_itself_ends():
    query = """
        with recursive steps as (select day, amount from silver.a union all select steps.day, steps.amount from steps join silver.b as b using (day))
        select amount as total from steps"""
    assert origin(query).values == {("silver/a", "amount")}


def test_focus_and_meetings_of_a_day_come_from_different_histories_and_say_what_filters_them():
    days = lineage.known()["gold/productivity_daily"]
    focus, meetings = ({table for table, _ in days[name]} for name in ("focus_minutes", "meeting_minutes"))
    assert ("silver/time_entry_history" in focus, "silver/calendar_event_history" in focus) == (True, False)
    assert ("silver/time_entry_history" in meetings, "silver/calendar_event_history" in meetings) == (False, True)
    conditions = lineage.conditions()["gold/productivity_daily"]["meeting_minutes"]
    assert ["silver/calendar_event_history", "busy"] in conditions["filters"]
    assert ["silver/calendar_event_history", "user_id"] in conditions["joins"]


def test_priority_scores_say_what_they_are_made_of():
    scores = lineage.known()["gold/priority_scores"]
    assert scores["rank_by_due_date"] == [
        ["silver/task_history", "due_at"], ["silver/task_history", "due_date"], ["silver/user_history", "timezone"],
    ]  # fmt: skip
    assert ["silver/goal_history", "progress"] in scores["importance"]
