"""Metrics: one file each, found by discovery, usable from a notebook. None of them imports Django.

from evaluation import metrics
found = metrics.get("bleu").measure([metrics.Item("It is cold", ("It is very cold",))])
found["bleu"].value, found["bleu"].signature
"""

from evaluation.metrics.metric import (
    METRICS,
    Example,
    Finding,
    Item,
    Measure,
    Metric,
    MetricError,
    Need,
    get,
    label_of,
    measure_named,
    names,
)

__all__ = [
    "METRICS",
    "Example",
    "Finding",
    "Item",
    "Measure",
    "Metric",
    "MetricError",
    "Need",
    "get",
    "label_of",
    "measure_named",
    "names",
]
