"""Mounted only where `existence.exists` says so."""

from django.urls import path

from governance.project.demo_idp import views

app_name = "demo_idp"

urlpatterns = [
    path("metadata/", views.metadata, name="metadata"),
    path("sign-in/", views.sign_in, name="sign_in"),
]
