from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from governance.restapi.docs import SwaggerView

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SwaggerView.as_view(), name="docs"),
]
