from django.apps import AppConfig


class AdminsiteConfig(AppConfig):
    name = "governance.adminsite"
    label = "adminsite"
    verbose_name = "Admin site"
