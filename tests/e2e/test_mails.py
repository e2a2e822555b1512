"""Every email as a browser shows it, on a phone, by day and by night: nothing reaches beyond the window, and it is read well, and by ear too."""

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.unit.reports.conftest import facts_of_a_week
from tests.unit.reports.gallery import gallery

pytestmark = pytest.mark.browser

WIDER_BY = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_email_fits_a_phone_and_is_read_well(browser, scheme):
    facts = facts_of_a_week()
    busy = replace(facts, days=tuple({**row, "tasks_completed": 3, "focus_minutes": 150.0} for row in facts.days))
    page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme=scheme)
    for name, email in gallery(busy).items():
        page.set_content(email.html)
        assert page.evaluate(WIDER_BY) <= 0, name
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [f"{each['help']}: {each['nodes'][0]['html'][:200]}" for each in found] == [], name
    page.close()
