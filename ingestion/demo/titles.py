"""Titles of the demo users' tasks, habits and goals, composed of a few words per category."""

from typing import Final

from numpy.random import Generator

from ingestion.demo.changes import pick

COLORS: Final = {
    "Work": "#3b6fb6",
    "Home": "#c98a2b",
    "Health": "#3f9b6b",
    "Learning": "#8a5fb0",
    "Finance": "#5f6b7a",
    "Family": "#c4566a",
    "Writing": "#2f8f9d",
    "Clients": "#a0522d",
}

#: By category: patterns, what may fill them, and tags that go with them.
TITLES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    "Work": (
        ("Review {}", "Prepare {}", "Send {}", "Update {}", "Finish the draft of {}", "Comment on {}", "Plan {}"),
        ("the roadmap", "the quarterly numbers", "the release notes", "the test plan", "the onboarding guide", "the budget request",
         "the design of the search page", "the slides for Thursday", "the support backlog", "the hiring plan", "the incident report"),
        ("deep", "email", "review", "team"),
    ),
    "Home": (
        ("See to {}", "Fix {}", "Clean {}", "Sort out {}", "Take care of {}"),
        ("the kitchen shelf", "the hall light", "the bathroom tap", "the balcony boxes", "the winter clothes", "the bicycle",
         "the cellar door", "the desk lamp", "the printer"),
        ("errand", "quick", "weekend"),
    ),
    "Health": (
        ("Book {}", "Confirm {}", "Plan {}", "Ask about {}"),
        ("the check-up", "the dentist", "the swimming lesson", "the cooking course", "the physio session", "the climbing evening",
         "the yoga class"),
        ("phone", "quick"),
    ),
    "Learning": (
        ("Work through {}", "Take notes on {}", "Review {}", "Summarize {}"),
        ("chapter 3 of the statistics book", "the paper on queues", "Spanish irregular verbs", "the SQL course", "the lecture on harmony",
         "the chapter on sampling", "the article about sleep", "lesson 12"),
        ("deep", "reading"),
    ),
    "Finance": (
        ("Go through {}", "Check {}", "File {}", "Sort {}"),
        ("the electricity bills", "the rent statement", "the tax papers", "the insurance offers", "last month's card statement",
         "the travel receipts"),
        ("quick", "email", "paper"),
    ),
    "Family": (
        ("Call about {}", "Plan {}", "Write about {}", "Get ready for {}"),
        ("grandmother's visit", "the summer trip", "the school party", "the cousins' weekend", "the birthday dinner",
         "the neighbors' party"),
        ("phone", "weekend"),
    ),
    "Writing": (
        ("Outline {}", "Write 500 words of {}", "Edit {}", "Collect sources for {}"),
        ("the essay on cities", "chapter two", "the newsletter", "the talk proposal", "the book review", "the short story"),
        ("deep", "draft"),
    ),
    "Clients": (
        ("Answer {}", "Prepare the offer for {}", "Invoice {}", "Summarize the call with {}", "Write the estimate for {}"),
        ("the bakery", "the museum shop", "the cycling club", "the garden center", "the city library", "the art school",
         "the bike shop"),
        ("email", "phone", "review"),
    ),
}  # fmt: skip

STEPS: Final = ("Collect what is needed", "Make a first version", "Get a second opinion", "Correct and finish")
MEETINGS: Final = (
    "Stand-up",
    "Planning",
    "One to one",
    "Review",
    "Customer call",
    "Retrospective",
    "Interview",
    "Workshop",
    "Budget round",
)
PRIVATE: Final = ("Dinner with friends", "Choir", "Parents' evening", "Football", "Haircut", "Cinema", "Doctor")
ROOMS: Final = ("Room 2", "Video call", "Café on the corner", "Room 5")
BLOCKERS: Final = ("Wait for the answer about", "Get access to", "Order the parts for")


def task_title(rng: Generator, category: str) -> tuple[str, list[str]]:
    """A title and the tags that a user would give it."""
    patterns, things, tags = TITLES[category]
    wanted = int(rng.choice(3, p=(0.5, 0.38, 0.12)))
    chosen = sorted({pick(rng, tags) for _ in range(wanted)})
    return pick(rng, patterns).format(pick(rng, things)), chosen
