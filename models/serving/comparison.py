"""Which of two orders a user sees on a day, where the operator has them compared: the model's, or that of urgency, by a coin for each user and day.

Days of one user are compared with other days of the same user, so what users are like, and which weeks are busy, falls on both sides.
"""

import hashlib
from datetime import date
from uuid import UUID


def is_baseline_day(user_id: UUID, day: date) -> bool:
    """The same answer wherever and whenever it is asked; for half of the days."""
    return hashlib.blake2b(f"{user_id} {day}".encode(), digest_size=1).digest()[0] % 2 == 0
