"""The roots of all addresses. Apps are named by strings: nothing here imports them."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from governance.project import health
from governance.project.demo_idp import existence

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("governance.portal.urls")),
    path("", include("federation.urls")),
    path("", include("purge.urls")),
    path("api/", include("governance.restapi.urls")),
    path("api/v1/", include("governance.restapi.api.urls")),
    path(
        "api/v1/namespaces/<str:ns>/",
        include(
            [
                path("", include("governance.restapi.api.namespaced_urls")),
                path("", include("governance.analytics.api.urls")),
                path("", include("federation.api.urls")),
                path("", include("purge.api.urls")),
                path("", include("usage_limits.api.urls")),
            ]
        ),
    ),
]

if existence.exists(demo=settings.DEMO, bind=settings.BIND, public_url=settings.PUBLIC_URL):
    urlpatterns.append(path("demo-idp/", include("governance.project.demo_idp.urls")))

handler400 = "governance.project.errors.bad_request"
handler403 = "governance.project.errors.forbidden"
handler404 = "governance.project.errors.not_found"
handler500 = "governance.project.errors.server_error"
