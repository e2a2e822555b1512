"""Users' histories in a lake of their own, computed and published."""

from datetime import timedelta
from uuid import UUID

from focusflow import clock
from tests.integration.pipelines.conftest import SampleUser as UserHistory


def made(world, *user_histories, as_of, tables=()):
    """Lands what happened, and makes the days and the tables named as of a moment."""
    for history in user_histories:
        world.land(history.events)
        history.events.clear()
    world.refresh(as_of)
    if tables:
        world.build(as_of, *tables)


def life_of(user):
    return UserHistory(id_=UUID(user.id), since=clock.now() - timedelta(days=40))


def busy_life(user):
    """A task a day for ten days, done with an hour's work; a meeting, a goal."""
    history, now = life_of(user), clock.now()
    for days_ago in range(10, 0, -1):
        at = now - timedelta(days=days_ago, hours=2)
        task = history.task(at, priority="high", estimated_minutes=30, due_at=at + timedelta(hours=3))
        entry = history.new("time_entry", task_id=task.id, started_at=at, ended_at=at + timedelta(minutes=60))
        entry.happens("logged", at + timedelta(minutes=60))
        task.completed(at + timedelta(hours=1))
    start = now - timedelta(days=3)
    history.new("calendar_event", title="M", start_at=start, end_at=start + timedelta(minutes=30)).happens(
        "created", start
    )
    goal = history.new("goal", title="G", created_at=now - timedelta(days=30), progress=0, status="active")
    goal.happens("created", now - timedelta(days=30))
    goal.happens("progressed", now - timedelta(days=5), progress=40)
    history.task(now - timedelta(days=1))
    return history
