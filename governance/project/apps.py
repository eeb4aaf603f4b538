from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "governance.project"
    label = "project"
    verbose_name = "Project"
