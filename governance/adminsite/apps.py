from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AdminsiteConfig(AppConfig):
    name = "governance.adminsite"
    label = "adminsite"
    verbose_name = "Admin site"


class DjangoAdminConfig(AdminConfig):
    """In INSTALLED_APPS in place of `django.contrib.admin`: makes `admin.site` ours."""

    default = False
    default_site = "governance.adminsite.site.LakewardenAdminSite"
