from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from governance.isolation.scopes import offline_scope


class AdminsiteConfig(AppConfig):
    name = "governance.adminsite"
    label = "adminsite"
    verbose_name = "Admin site"


class DjangoAdminConfig(AdminConfig):
    """In INSTALLED_APPS in place of `django.contrib.admin`: makes `admin.site` ours."""

    default = False
    default_site = "governance.adminsite.site.LakewardenAdminSite"

    def ready(self) -> None:
        """A form class with a relation asks its manager for choices while it is made.

        No row is read then, and each request makes the form anew in its own scope.
        """
        with offline_scope():
            super().ready()
