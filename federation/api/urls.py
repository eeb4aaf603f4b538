from federation.api.provider_views import ClaimRuleViewSet, IdentityProviderViewSet
from governance.restapi.views import NamespaceRouter

router = NamespaceRouter()
router.register("identity-providers", IdentityProviderViewSet, basename="identity-provider")
router.register("claim-rules", ClaimRuleViewSet, basename="claim-rule")

urlpatterns = router.urls
