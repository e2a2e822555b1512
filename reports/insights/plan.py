"""What the local writer says of a plan, from its figures."""

from collections.abc import Mapping

from reports.insights.writer import Evidence, Insights, Remark


def of_plan(numbers: Mapping[str, float]) -> Insights:
    """Keeps to the same shape and passes the same guard as all users'."""

    def remark(text: str, *names: str) -> Remark:
        return Remark(text=text, evidence=[Evidence(metric=name, value=numbers[name]) for name in names])

    said = {name: f"{value:.0f}" for name, value in numbers.items()}
    count = "1 task fits" if said["tasks_planned"] == "1" else f"{said['tasks_planned']} tasks fit"
    tasks = remark(
        f"{count} into the day: {said['minutes_planned']} of {said['minutes_free']} free minutes.",
        "tasks_planned",
        "minutes_planned",
        "minutes_free",
    )
    free = remark(f"Free minutes on this day: {said['minutes_free']}.", "minutes_free")
    if numbers["tasks_left_out"] == 1:
        rest = remark("1 task does not fit. Leave it for another day, or let it go.", "tasks_left_out")
    elif numbers["tasks_left_out"]:
        text = f"{said['tasks_left_out']} tasks do not fit. Leave them for another day, or let go of one."
        rest = remark(text, "tasks_left_out")
    else:
        rest = remark("Everything fits. Enjoy the time that stays free.", "tasks_left_out")
    return Insights(headline=tasks.text, observations=[tasks, free], suggestions=[rest])
