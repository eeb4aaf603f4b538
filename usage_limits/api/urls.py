from governance.restapi.views import NamespaceRouter
from usage_limits.api.views import (
    AlertChannelViewSet,
    UsageControlLogViewSet,
    UsageLimitViewSet,
    UsageViewSet,
    WorkloadRuleMatchViewSet,
    WorkloadRuleViewSet,
)

router = NamespaceRouter()
router.register("usage-limits", UsageLimitViewSet, basename="usage-limit")
router.register("usage", UsageViewSet, basename="usage")
router.register("usage-control-log", UsageControlLogViewSet, basename="usage-control-log")
router.register("workload-rules", WorkloadRuleViewSet, basename="workload-rule")
router.register("workload-rule-matches", WorkloadRuleMatchViewSet, basename="workload-rule-match")
router.register("alert-channels", AlertChannelViewSet, basename="alert-channel")

urlpatterns = router.urls
