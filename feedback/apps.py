from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self) -> None:
        from feedback import activity, notices
        from feedback.dataset_notes import voided
        from feedback.dataset_origins import origins
        from feedback.pairs.panel import panel
        from feedback.uses import judging, renamed, uses
        from training import dataset_panels, renames, version_uses
        from training.uses import register

        activity.file()
        notices.file()
        register(uses)
        renames.register(renamed)
        version_uses.register(judging)
        dataset_panels.register(voided)
        dataset_panels.register(panel)
        dataset_panels.register_origins(origins)
