"""The roots of all addresses. Apps are named by strings: nothing here imports them."""

from django.contrib import admin
from django.urls import include, path

from governance.project import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("governance.portal.urls")),
    path("", include("federation.urls")),
    path("api/", include("governance.restapi.urls")),
    path("api/v1/", include("governance.restapi.api.urls")),
    path(
        "api/v1/namespaces/<str:ns>/",
        include(
            [
                path("", include("governance.restapi.api.namespaced_urls")),
                path("", include("federation.api.urls")),
            ]
        ),
    ),
]

handler400 = "governance.project.errors.bad_request"
handler403 = "governance.project.errors.forbidden"
handler404 = "governance.project.errors.not_found"
handler500 = "governance.project.errors.server_error"
