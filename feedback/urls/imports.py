"""Addresses of rankings read from files, below /feedback/."""

from django.urls import path

from feedback.views import imports

urlpatterns = [
    path("<slug:slug>/imports/", imports.imports, name="imports"),
    path("<slug:slug>/imports/rows", imports.rows, name="import-rows"),
    path("<slug:slug>/imports/upload/", imports.upload, name="import-upload"),
    path(
        "<slug:slug>/imports/upload/<uuid:job>/<int:at>",
        imports.piece,
        name="import-piece",
    ),
    path("<slug:slug>/imports/<uuid:job>/cancel", imports.cancel, name="import-cancel"),
    path("<slug:slug>/imports/<uuid:job>/dismiss", imports.dismiss, name="import-dismiss"),
    path("<slug:slug>/imports/<int:pk>/", imports.result, name="import"),
    path("<slug:slug>/imports/<int:pk>/refused.jsonl", imports.quarantine, name="import-refused"),
    path("<slug:slug>/imports/<int:pk>/ask", imports.ask, name="import-ask"),
    path("<slug:slug>/imports/<int:pk>/withdraw", imports.withdraw, name="import-withdraw"),
    path("<slug:slug>/imports/<int:pk>/bring-back", imports.bring_back, name="import-bring-back"),
]
