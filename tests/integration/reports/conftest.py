"""The facts of somebody's week, as the unit tests have them."""

from tests.unit.reports.conftest import facts

__all__ = ["facts"]
