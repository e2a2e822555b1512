"""What is known of the models that insights may be worded by: their prices, and when they end."""

from dataclasses import dataclass
from datetime import date

#: The day on which the prices below were read.
PRICES_AS_OF = date(2026, 11, 30)


@dataclass(frozen=True, slots=True)
class AiModel:
    """US dollars for a million tokens, and the day on which its provider shuts it down, if that is announced."""

    price_in: float
    price_out: float
    ends_on: date | None = None


KNOWN = {
    "gpt-6-luna": AiModel(0.10, 0.50),
    "gpt-4o-mini": AiModel(0.15, 0.60, ends_on=date(2027, 1, 14)),
}
DEFAULT = "gpt-6-luna"
PRICES = {name: (model.price_in, model.price_out) for name, model in KNOWN.items()}
