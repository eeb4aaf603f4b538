from django.apps import AppConfig

from governance.project.celery import app as celery_app


class ProjectConfig(AppConfig):
    name = "governance.project"
    label = "project"
    verbose_name = "Project"

    def ready(self) -> None:
        """Whoever rings for a worker, in any thread, uses our Celery application."""
        celery_app.set_default()
