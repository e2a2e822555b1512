"""What the fault tests share with others."""

from tests.integration.refresher.conftest import site  # noqa: F401 (a fixture)
