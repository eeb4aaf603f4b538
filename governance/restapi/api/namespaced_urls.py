"""The resources of tenancy, audit and outbox below `/api/v1/namespaces/{ns}/`."""

from governance.restapi.api.access import PolicyViewSet, RoleViewSet, UserViewSet
from governance.restapi.api.records import AuditEventViewSet, JobViewSet
from governance.restapi.views import NamespaceRouter

router = NamespaceRouter()
router.register("users", UserViewSet, basename="user")
router.register("roles", RoleViewSet, basename="role")
router.register("policies", PolicyViewSet, basename="policy")
router.register("audit-events", AuditEventViewSet, basename="audit-event")
router.register("jobs", JobViewSet, basename="job")

urlpatterns = router.urls
