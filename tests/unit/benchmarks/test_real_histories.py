"""Histories of others arrive as events of the contract, in the order in which things happened."""

from benchmarks.real_histories import sip

TASKS = """TaskNumber,AssignedToID,Priority,ProjectCode,ProjectBreakdownCode,Category,SubCategory,HoursEstimate
1,7,1,PC1,B1,Development,Bug,0.5
2,7,9,PC1,B1,Management,Meeting,2
2,7,9,PC1,B1,Management,Meeting,2
"""
DAYS = """TaskNumber,EstimateOn,StartedOn,CompletedOn
1,02-Nov-04,03-Nov-04,05-Nov-04
2,04-Nov-04,,
"""


def test_a_task_is_created_begun_and_finished_or_given_up(tmp_path):
    (tmp_path / "Sip-task-info.csv").write_text(TASKS, encoding="latin-1")
    (tmp_path / "est-act-dates.csv").write_text(DAYS)
    events = list(sip.events(tmp_path))
    assert [(each.type, f"{each.recordedtime:%Y-%m-%d}") for each in events] == [
        ("user.registered", "2004-11-02"),
        ("task.created", "2004-11-02"),
        ("task.updated", "2004-11-03"),
        ("task.completed", "2004-11-05"),
        ("task.created", "2004-11-04"),
        ("task.archived", "2005-03-04"),
    ]
    assert [each.subject for each in events] == [each.subject for each in sip.events(tmp_path)]
