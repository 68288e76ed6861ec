"""Small figures drawn on the server, each with the table that made it.

A figure is built in a view and written in a template with `{{ figure }}`; the page links
`css/figures.css`. Places are per cent of the width, so that a figure fits any screen while its text
keeps its size; colours come from the tokens, so that it fits both themes.
"""

from feedback.figures.bars import Bars
from feedback.figures.dots import Dot, DotPlot
from feedback.figures.figure import Figure
from feedback.figures.heat import Cell, HeatTable
from feedback.figures.trend import Trend

__all__ = ["Bars", "Cell", "Dot", "DotPlot", "Figure", "HeatTable", "Trend"]
