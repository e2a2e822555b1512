"""What the local writer says of a plan, from its figures."""

from collections.abc import Mapping

from reports.insights.writer import Evidence, Insights, Remark


def of_plan(numbers: Mapping[str, float]) -> Insights:
    """Keeps to the same shape and passes the same guard as everybody's."""

    def remark(text: str, *names: str) -> Remark:
        return Remark(text=text, evidence=[Evidence(metric=name, value=numbers[name]) for name in names])

    said = {name: f"{value:.0f}" for name, value in numbers.items()}
    tasks = remark(
        f"Tasks planned: {said['tasks_planned']}, in {said['minutes_planned']} minutes.",
        "tasks_planned",
        "minutes_planned",
    )
    free = remark(f"Free minutes on this day: {said['minutes_free']}.", "minutes_free")
    if numbers["tasks_left_out"]:
        rest = remark(
            f"Tasks that do not fit: {said['tasks_left_out']}. Leave them for another day, or let go of one.",
            "tasks_left_out",
        )
    else:
        rest = remark("All that is on the list fits. What is done early is time of your own.", "tasks_left_out")
    return Insights(headline=tasks.text, observations=[tasks, free], suggestions=[rest])
