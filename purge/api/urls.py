from governance.restapi.views import NamespaceRouter
from purge.api.views import DatasetViewSet, ErasureRequestViewSet, StorageLayerViewSet

router = NamespaceRouter()
router.register("storage-layers", StorageLayerViewSet, basename="storage-layer")
router.register("datasets", DatasetViewSet, basename="dataset")
router.register("erasure-requests", ErasureRequestViewSet, basename="erasure-request")
urlpatterns = router.urls
