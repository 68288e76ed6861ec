"""Addresses of projects and their pages, below /feedback/."""

from django.urls import path

from feedback.views import doubting, guidelines, project_settings, projects, tasks

urlpatterns = [
    path("", projects.home, name="home"),
    path("new/", projects.new, name="new"),
    path("<slug:slug>/", projects.project, name="project"),
    path("<slug:slug>/settings/", project_settings.settings, name="settings"),
    path("<slug:slug>/doubt/", doubting.progress, name="doubting"),
    path("<slug:slug>/doubt/begin", doubting.begin, name="doubting-begin"),
    path("<slug:slug>/doubt/<uuid:key>/cancel", doubting.cancel, name="doubting-cancel"),
    path("<slug:slug>/archive", project_settings.archive, name="archive"),
    path("<slug:slug>/restore", project_settings.restore, name="restore"),
    path("<slug:slug>/guidelines/", guidelines.newest, name="guidelines"),
    path("<slug:slug>/guidelines/edit/", guidelines.edit, name="guidelines-edit"),
    path("<slug:slug>/guidelines/preview", guidelines.preview, name="guidelines-preview"),
    path("<slug:slug>/guidelines/<int:number>/", guidelines.version, name="guidelines-version"),
    path("<slug:slug>/tasks/", tasks.tasks, name="tasks"),
    path("<slug:slug>/tasks/<int:pk>/", tasks.task, name="task"),
    path("<slug:slug>/tasks/<int:pk>/withdraw", tasks.withdraw, name="task-withdraw"),
    path("<slug:slug>/tasks/<int:pk>/bring-back", tasks.bring_back, name="task-bring-back"),
    path("<slug:slug>/tasks/<int:pk>/change", tasks.change, name="task-change"),
    path("<slug:slug>/tasks/<int:pk>/gold", tasks.gold, name="task-gold"),
    path("<slug:slug>/tasks/<int:pk>/ungold", tasks.ungold, name="task-ungold"),
]
