from governance.restapi.views import NamespaceRouter
from purge.api.event_views import ObjectEventViewSet
from purge.api.views import DatasetViewSet, ErasureRequestViewSet, StorageLayerViewSet
from purge.api.workflow_views import ErasureRulesViewSet, LegalHoldViewSet, ReturnViewSet

router = NamespaceRouter()
router.register("storage-layers", StorageLayerViewSet, basename="storage-layer")
router.register("datasets", DatasetViewSet, basename="dataset")
router.register("erasure-requests", ErasureRequestViewSet, basename="erasure-request")
router.register("erasure-rules", ErasureRulesViewSet, basename="erasure-rules")
router.register("legal-holds", LegalHoldViewSet, basename="legal-hold")
router.register("returns", ReturnViewSet, basename="return")
router.register("object-events", ObjectEventViewSet, basename="object-event")
urlpatterns = router.urls
