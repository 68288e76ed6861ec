"""Figures drawn on the server: what is drawn where, and that it is also a table."""

from datetime import date

from feedback.figures import Bars, Cell, Dot, DotPlot, HeatTable, Trend
from feedback.figures.scale import Scale


def test_a_dot_and_its_interval_stand_where_the_axis_says() -> None:
    plot = DotPlot("Agreement", [Dot("Alpha", 0.5, (0.25, 0.75), 12), Dot("W", None)])
    first, second = plot.placed
    assert (first.x, first.start, first.end) == (50, 25, 75)
    assert second.x is None
    drawn = str(plot)
    assert 'cx="50.0%"' in drawn and "<td>0.25 to 0.75</td>" in drawn and "<td>12</td>" in drawn


def test_an_axis_widens_for_a_value_beyond_it_and_names_round_numbers() -> None:
    plot = DotPlot("Kappa", [Dot("a | b", -0.31)])
    assert (plot.scale.low, plot.scale.high) == (-0.5, 1)
    assert [tick.text for tick in Scale(-1, 1).ticks] == ["−1", "−0.5", "0", "0.5", "1"]


def test_bars_keep_days_without_any_and_become_weeks_when_days_do_not_fit() -> None:
    bars = Bars("Rankings", {date(2026, 5, 1): 3, date(2026, 5, 3): 1})
    assert [(bar.day.day, bar.count, bar.height) for bar in bars.bars] == [
        (1, 3, 100),
        (2, 0, 0),
        (3, 1, 33.33),
    ]
    year = Bars("Rankings", {date(2026, 1, 1): 1, date(2026, 12, 31): 2})
    assert year.period == "week" and sum(bar.count for bar in year.bars) == 3
    assert Bars("Rankings", {}).bars == [] and str(Bars("When", {}))


def test_a_trend_joins_its_points_and_leaves_gaps() -> None:
    trend = Trend("By week", [Dot("1", 0.0), Dot("2", None), Dot("3", 1.0)])
    assert [(round(p.x), p.y) for p in trend.points] == [(17, 100), (83, 0)]
    assert len(trend.steps) == 1


def test_a_hostile_name_is_only_text() -> None:
    name = "<script>alert(1)</script>"
    figures = [
        DotPlot(name, [Dot(name, 0.1)]),
        Trend(name, [Dot(name, 0.1)]),
        HeatTable(name, name, [name], [(name, [Cell(0.4, name)])]),
    ]
    assert not any("<script>" in str(figure) for figure in figures)


def test_a_shade_says_how_much_and_which_way() -> None:
    assert [Cell(v).heat for v in (1.0, 0.41, 0.0, -0.04, -0.5)] == ["p5", "p2", "p0", "p0", "n2"]
    assert Cell(None).heat == "" and Cell(-0.5).text == "−0.50"
