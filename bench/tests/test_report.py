import pytest

from kawal_bench.report import Figure, Goal, costs, markdown, number, table


def figure(**changes):
    given = {"what": "messages", "value": 2_500.0, "unit": "/s", "how": "eight clients " * 12}
    return Figure(**(given | changes))


class TestGoal:
    def test_at_least(self):
        assert Goal.least(5, "/s").met(5)
        assert not Goal.least(5, "/s").met(4.9)

    def test_at_most(self):
        assert Goal.most(250, "ms").met(250)
        assert not Goal.most(250, "ms").met(251)


class TestFigure:
    def test_verdict(self):
        assert figure(goal=Goal.least(2_300, "/s")).verdict == "met"
        assert figure(goal=Goal.least(3_000, "/s")).verdict == "MISSED"
        assert figure().verdict == ""


class TestTable:
    def test_columns_stand_below_one_another(self):
        lines = table([figure(), figure(what="a much longer name", goal=Goal.most(1, "ms"))]).splitlines()
        place = lines[0].index("how it was measured")

        assert all(len(line) > place for line in lines[2:])
        assert {line[place - 1] for line in lines[2:]} == {" "}

    def test_markdown_has_a_row_for_each(self):
        assert len(markdown([figure(), figure()]).splitlines()) == 4

    def test_costs_of_those_that_know(self):
        assert costs([figure(), figure(cost="1 ms")]).splitlines() == ["messages  1 ms"]


@pytest.mark.parametrize(("value", "shown"), [(0.512, "0.51"), (12.34, "12.3"), (5_018.4, "5,018")])
def test_number(value, shown):
    assert number(value) == shown
