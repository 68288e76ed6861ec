from feedback.services.snapshots.freezing import freeze
from feedback.services.snapshots.recipe import Recipe
from feedback.services.snapshots.reporting import report
from feedback.services.snapshots.snapshot import Snapshot, snapshot

__all__ = ["Recipe", "Snapshot", "freeze", "report", "snapshot"]
