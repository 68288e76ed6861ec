"""Addresses of comparisons and their columns."""

from django.urls import include, path

from chat.views import column_votes, columns, comparing, comparisons, ladder, ranking

of_a_comparison = [
    path("", comparisons.comparison, name="comparison"),
    path("body", comparisons.body, name="comparison-body"),
    path("ask", comparisons.ask, name="comparison-ask"),
    path("again", comparisons.ask_again, name="comparison-again"),
    path("stop", comparisons.stop, name="comparison-stop"),
    path("sizes", comparisons.sizes, name="comparison-sizes"),
    path("add", comparisons.add, name="comparison-add"),
    path("delete", comparisons.delete, name="comparison-delete"),
    path("restore", comparisons.restore, name="comparison-restore"),
    path("votes", column_votes.votes, name="comparison-votes"),
    path("best", column_votes.best, name="comparison-best"),
    path("rank", ranking.columns, name="comparison-rank"),
    path("votes/take-back", column_votes.take_back, name="comparison-votes-take-back"),
    path("export.json", comparisons.export_json, name="comparison-json"),
    path("export.md", comparisons.export_markdown, name="comparison-markdown"),
]

of_a_column = [
    path("setup", columns.setup, name="column-setup"),
    path("ask", columns.ask, name="column-ask"),
    path("keep", columns.keep, name="column-keep"),
    path("prompt", columns.prompt, name="column-prompt"),
    path("remove", columns.remove, name="column-remove"),
    path("restore", columns.restore, name="column-restore"),
]

urlpatterns = [
    path("", comparisons.listing, name="comparisons"),
    path("new", comparing.new, name="comparison-new"),
    path("ladder", ladder.ladder, name="ladder"),
    path("<uuid:comparison_id>/", include(of_a_comparison)),
    path("column/<int:column_id>/", include(of_a_column)),
]
