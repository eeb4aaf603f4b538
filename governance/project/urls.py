"""The roots of all addresses. Apps are named by strings: nothing here imports them."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
