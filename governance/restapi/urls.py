from django.urls import path

from governance.restapi.docs import SchemaView, SwaggerView

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", SwaggerView.as_view(), name="docs"),
]
