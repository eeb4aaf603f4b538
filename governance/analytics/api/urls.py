from governance.analytics.api.views import (
    DashboardViewSet,
    EngineViewSet,
    LakeTableViewSet,
    LakeViewViewSet,
    QueryViewSet,
)
from governance.restapi.views import NamespaceRouter

router = NamespaceRouter()
router.register("engines", EngineViewSet, basename="engine")
router.register("lake-tables", LakeTableViewSet, basename="lake-table")
router.register("lake-views", LakeViewViewSet, basename="lake-view")
router.register("queries", QueryViewSet, basename="query")
router.register("dashboards", DashboardViewSet, basename="dashboard")

urlpatterns = router.urls
