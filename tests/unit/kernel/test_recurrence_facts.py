"""When rules take place, by the examples of RFC 5545 and the cases that calendar libraries test: each agrees, or is refused with its reason.

A fact is a rule and its first days, the first of which is its start; an ellipsis says that it goes on.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from focusflow.clock import zone
from focusflow.recurrence import check_series, occurrences
from focusflow.rrule import BadRecurrence

FACTS = [
    # the examples of RFC 5545, 3.3.10 and 3.8.5.3, with the start on the rule
    ("FREQ=DAILY;COUNT=10", "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 …"),
    ("FREQ=DAILY;UNTIL=19971224T000000Z", "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 …"),
    ("FREQ=DAILY;INTERVAL=2", "1997-09-02 1997-09-04 1997-09-06 1997-09-08 1997-09-10 1997-09-12 …"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12"),
    (
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "1998-01-01 1998-01-02 1998-01-03 1998-01-04 1998-01-05 1998-01-06 …",
    ),
    (
        "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
        "1998-01-01 1998-01-02 1998-01-03 1998-01-04 1998-01-05 1998-01-06 …",
    ),
    ("FREQ=WEEKLY;COUNT=10", "1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-10-07 …"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02 1997-09-16 1997-09-30 1997-10-14 1997-10-28 1997-11-11 …"),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-09 1997-09-11 1997-09-16 1997-09-18 …"),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "1997-09-01 1997-09-03 1997-09-05 1997-09-15 1997-09-17 1997-09-19 …",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 …",
    ),
    ("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06 …"),
    ("FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "1997-09-05 1997-10-03 1997-11-07 1997-12-05"),
    (
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04 1998-01-25 …",
    ),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26 …"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "1997-09-02 1997-09-15 1997-10-02 1997-10-15 1997-11-02 1997-11-15 …"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01 …"),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "1997-09-10 1997-09-11 1997-09-12 1997-09-13 1997-09-14 1997-09-15 …",
    ),
    ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-11-04 …"),
    ("FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 …"),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "1997-03-10 1999-01-10 1999-02-10 1999-03-10 2001-01-10 2001-02-10 …",
    ),
    (
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09 2000-07-18 …",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19 1998-05-18 1999-05-17 2000-05-15 2001-05-14 2002-05-20 …"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12 1998-05-11 1999-05-17 2000-05-15 2001-05-14 2002-05-13 …"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13 1997-03-20 1997-03-27 1998-03-05 1998-03-12 1998-03-19 …"),
    ("FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05 1997-06-12 1997-06-19 1997-06-26 1997-07-03 1997-07-10 …"),
    (
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "1997-09-13 1997-10-11 1997-11-08 1997-12-13 1998-01-10 1998-02-07 …",
    ),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "1996-11-05 2000-11-07 2004-11-02 2008-11-04 2012-11-06 2016-11-08 …",
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 1997-10-07 1997-11-06"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29 1998-02-26 …",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05 1997-08-10 1997-08-19 1997-08-24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05 1997-08-17 1997-08-19 1997-08-31"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30"),
    # what libraries test beyond them
    ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4", "2026-01-31 2026-03-31 2026-05-31 2026-07-31"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=3", "2024-02-29 2028-02-29 2032-02-29"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;COUNT=4", "2024-02-29 2025-02-28 2026-02-28 2027-02-28"),
    ("FREQ=YEARLY;BYYEARDAY=-1;COUNT=3", "2025-12-31 2026-12-31 2027-12-31"),
    ("FREQ=YEARLY;BYYEARDAY=366;COUNT=2", "2024-12-31 2028-12-31"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=4", "2026-03-29 2027-03-28 2028-03-26 2029-03-25"),
    ("FREQ=MONTHLY;BYDAY=5FR;COUNT=4", "2026-01-30 2026-05-29 2026-07-31 2026-10-30"),
    ("FREQ=MONTHLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=4", "2026-01-01 2026-04-01 2026-07-01 2026-10-01"),
    ("FREQ=YEARLY;BYDAY=1MO,-1MO;COUNT=4", "2026-01-05 2026-12-28 2027-01-04 2027-12-27"),
    ("FREQ=YEARLY;BYMONTH=1,6;BYDAY=2TU;COUNT=4", "2026-01-13 2026-06-09 2027-01-12 2027-06-08"),
    ("FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR;COUNT=4", "2026-02-13 2026-03-13 2026-11-13 2027-08-13"),
    ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR;COUNT=4", "2026-02-13 2026-03-13 2026-11-13 2027-08-13"),
    ("FREQ=DAILY;INTERVAL=3;BYMONTH=1;COUNT=4", "2026-01-28 2026-01-31 2027-01-02 2027-01-05"),
    ("FREQ=DAILY;BYDAY=SA,SU;COUNT=4", "2026-01-03 2026-01-04 2026-01-10 2026-01-11"),
    ("FREQ=WEEKLY;BYMONTH=1;COUNT=4;BYDAY=TH", "2026-01-22 2026-01-29 2027-01-07 2027-01-14"),
    ("FREQ=MONTHLY;BYMONTH=1,4;BYMONTHDAY=-31,30;COUNT=4", "2026-01-01 2026-01-30 2026-04-30 2027-01-01"),
    ("FREQ=YEARLY;BYYEARDAY=1,-1;BYDAY=TH;COUNT=3", "2026-01-01 2026-12-31 2032-01-01"),
    # weeks by number, where the first day of the week matters
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;WKST=SU;COUNT=3", "1997-05-12 1998-05-18 1999-05-17"),
    (
        "FREQ=YEARLY;BYWEEKNO=1,2;UNTIL=20170101T000000Z",
        "2013-01-08 2013-12-31 2014-01-07 2014-12-30 2015-01-06 2016-01-05 …",
    ),
    ("FREQ=YEARLY;BYWEEKNO=1,2;WKST=FR;UNTIL=20150101T000000Z", "2013-01-08 2013-01-15 2014-01-07 2014-01-14"),
    ("FREQ=YEARLY;BYWEEKNO=-1,-2;COUNT=5", "2027-01-02 2027-12-25 2028-01-01 2028-12-23 2028-12-30"),
    ("FREQ=YEARLY;BYWEEKNO=53;COUNT=3", "2020-12-29 2026-12-29 2032-12-28"),
    ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=30;BYWEEKNO=1;UNTIL=20320101", "2024-12-30 2025-12-30 2030-12-30 2031-12-30"),
    # positions count from the first day of a week, also in the week of the start
    ("FREQ=WEEKLY;BYDAY=MO,TU,SU,SA,TH;BYSETPOS=3,2;COUNT=4", "2024-01-02 2024-01-04 2024-01-09 2024-01-11"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,3;COUNT=3", "2024-10-23 2024-10-28 2024-10-30"),
]

#: What the RFC allows and calendars read differently, or what a day's plan does not have, and why.
REFUSED = [
    ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "1997-09-02", "FREQ should be DAILY"),
    ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", "1997-09-02", "FREQ should be DAILY"),
    ("FREQ=SECONDLY;COUNT=2", "1997-09-02", "FREQ should be DAILY"),
    ("FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=0,20,40", "1997-09-02", "the time of day is that of the start"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", "its start is not one of its days"),
    ("FREQ=WEEKLY;BYDAY=WE,FR;INTERVAL=2;COUNT=4", "2019-01-01", "its start is not one of its days"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;WKST=FR;COUNT=3", "1997-05-12", "its start is not one of its days"),
    ("FREQ=YEARLY;BYMONTHDAY=29;COUNT=3", "2024-02-29", "needs BYMONTH"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=TU,SA;INTERVAL=6", "2010-01-02", "BYWEEKNO with an INTERVAL"),
    ("FREQ=WEEKLY;COUNT=2;BYDAY=MO;", "2014-10-06", "an empty text is not a part"),
    ("FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2", "2026-02-28", "it never takes place|no day of any year"),
    ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "2025-12-01", "cannot be used together"),
]


@pytest.mark.parametrize(("rule", "days"), FACTS, ids=lambda each: each[:70])
@pytest.mark.parametrize("timezone", ["America/New_York", "Pacific/Auckland"])
def test_a_rule_takes_place_as_published(rule, days, timezone):
    """At nine on the clock, whatever the daylight saving."""
    *expected, last = days.split()
    goes_on = last == "…"
    expected += [] if goes_on else [last]
    here = zone(timezone)
    begin = datetime.fromisoformat(f"{expected[0]}T09:00").replace(tzinfo=here)
    check_series(rule, begin.replace(tzinfo=None), timezone)
    span = begin.astimezone(UTC), begin.astimezone(UTC) + timedelta(hours=1)
    found = occurrences(rule, span, timezone, since=span[0], until=datetime(2100, 1, 1, tzinfo=UTC))
    walls = [start.astimezone(here) for start, _ in islice(found, len(expected) + 1)]
    assert [f"{wall:%Y-%m-%d}" for wall in walls[: len(expected)]] == expected
    assert (len(walls) > len(expected)) == goes_on
    assert {wall.hour for wall in walls} == {9}


@pytest.mark.parametrize(("rule", "start", "why"), REFUSED, ids=lambda each: each[:70])
def test_a_rule_that_is_read_differently_is_refused_with_the_reason(rule, start, why):
    with pytest.raises(BadRecurrence, match=why):
        check_series(rule, datetime.fromisoformat(f"{start}T09:00"), "Europe/Berlin")
