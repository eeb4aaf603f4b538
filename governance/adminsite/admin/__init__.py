"""The admin pages of tenancy, audit and outbox. Importing this registers them."""

from django.contrib import admin
from django.contrib.auth.models import Group

from governance.adminsite.admin import (
    access,
    namespaces,
    people,
    records,
    tokens,
)

__all__ = ["access", "namespaces", "people", "records", "tokens"]

# Django's own groups decide nothing here: policies do.
admin.site.unregister(Group)
