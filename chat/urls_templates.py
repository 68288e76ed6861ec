"""Addresses of prompt templates."""

from django.urls import path

from chat.views import prompt_template_forms as forms
from chat.views import prompt_templates as pages

urlpatterns = [
    path("", pages.templates, name="templates"),
    path("new", forms.new, name="template-new"),
    path("import", forms.import_template, name="template-import"),
    path("shape", forms.shape, name="template-shape"),
    path("<int:template_id>/", pages.template, name="template"),
    path("<int:template_id>/preview", pages.preview, name="template-preview"),
    path("<int:template_id>/history", pages.history, name="template-history"),
    path("<int:template_id>/export", pages.export, name="template-export"),
    path("<int:template_id>/edit", forms.edit, name="template-edit"),
    path("<int:template_id>/copy", forms.copy, name="template-copy"),
    path("<int:template_id>/archive", forms.archive, name="template-archive"),
    path("<int:template_id>/restore", forms.restore, name="template-restore"),
]
