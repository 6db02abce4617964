"""The switch in the header."""

import pytest

from console_factories import AtDesk

pytestmark = pytest.mark.integration


class TestSwitch:
    async def test_is_off_until_the_agent_says_otherwise(self, desk: AtDesk) -> None:
        page = (await desk.browser.get("/console/", headers={"accept-language": "en"})).text
        assert 'aria-checked="false"' in page
        assert "Not available" in page

    async def test_turns_on_and_off(self, desk: AtDesk) -> None:
        htmx = {"hx-request": "true", "accept-language": "en"}
        on = await desk.browser.post("/console/presence", data={"presence": "available"}, headers=htmx)
        assert 'aria-checked="true"' in on.text
        assert 'value="away"' in on.text
        assert 'aria-checked="true"' in (await desk.browser.get("/console/presence", headers=htmx)).text
        off = await desk.browser.post("/console/presence", data={"presence": "away"}, headers=htmx)
        assert 'aria-checked="false"' in off.text

    async def test_without_script_leads_back_to_the_desk(self, desk: AtDesk) -> None:
        answer = await desk.browser.post("/console/presence", data={"presence": "available"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
