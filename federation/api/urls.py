from federation.api.directory_views import DirectoryMappingViewSet, DirectoryViewSet
from federation.api.provider_views import ClaimRuleViewSet, IdentityProviderViewSet
from governance.restapi.views import NamespaceRouter

router = NamespaceRouter()
router.register("identity-providers", IdentityProviderViewSet, basename="identity-provider")
router.register("claim-rules", ClaimRuleViewSet, basename="claim-rule")
router.register("directories", DirectoryViewSet, basename="directory")
router.register("directory-mappings", DirectoryMappingViewSet, basename="directory-mapping")

urlpatterns = router.urls
