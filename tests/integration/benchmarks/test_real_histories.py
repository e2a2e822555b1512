"""Histories of others arrive as events of the contract, in the order in which things happened."""

import lzma

from benchmarks.real_histories import sip
from benchmarks.real_histories.faults import faults

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


LOGS = """time_log_fact_key,person_key,time_log_start_date,time_log_end_date
1,7,03/02/2015 09:00,03/02/2015 12:00
2,7,03/02/2015 10:00,03/02/2015 11:00
3,7,03/02/2015 11:30,03/02/2015 13:00
4,8,03/02/2015 11:30,03/02/2015 13:00
5,8,03/02/2015 23:30,03/03/2015 00:30
6,8,03/04/2015 09:00,03/05/2015 10:00
7,8,03/06/2015 09:00,03/06/2015 08:00
8,8,NULL,03/07/2015 08:00
"""
ITEMS = """plan_item_key,task_actual_start_date,task_actual_complete_date
1,03/02/2015 09:00,03/02/2015 12:00
2,03/02/2015 09:00,03/01/2015 12:00
3,NULL,03/01/2015 12:00
"""


def test_faults_of_logs_are_counted_as_they_were_written(tmp_path):
    for name, text in (("time", LOGS), ("task", ITEMS)):
        (tmp_path / f"CESAW_{name}_fact.csv.xz").write_bytes(lzma.compress(text.encode()))
    assert faults(tmp_path) == {
        "logs": 8,
        "logs that overlap": 2,
        "logs over midnight": 2,
        "logs of more than a day": 1,
        "logs that do not last": 1,
        "logs without a moment": 1,
        "items": 3,
        "items done before they were begun": 1,
        "items without a beginning": 1,
    }
