from django.urls import path
from rest_framework.routers import SimpleRouter

from governance.restapi.api.credentials import ApiTokenViewSet, MeViewSet
from governance.restapi.api.namespaces import NamespaceViewSet

router = SimpleRouter()
router.register("namespaces", NamespaceViewSet, basename="namespace")
router.register("api-tokens", ApiTokenViewSet, basename="api-token")

urlpatterns = [
    path("me/", MeViewSet.as_view({"get": "retrieve"}), name="me"),
    *router.urls,
]
