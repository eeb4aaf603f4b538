from django.urls import path

from purge.views import certificates, decision, lists, progress, returns

app_name = "purge"
ALL = "n/<str:ns>/erasures/"
ONE = f"{ALL}<uuid:request_id>/"
urlpatterns = [
    path(ALL, lists.index, name="erasures"),
    path(f"{ALL}calendar/", lists.calendar, name="calendar"),
    path(f"{ALL}review/", lists.review, name="review"),
    path(f"{ALL}decide/", lists.decide, name="decide"),
    path(f"{ALL}retry/", lists.retry, name="retry_many"),
    path(f"{ALL}returns/", returns.listed, name="returns"),
    path(f"{ALL}returns/let-back/", returns.let_back, name="let_back"),
    path(f"{ALL}returns/<uuid:return_id>/", returns.decide, name="return"),
    path(f"{ALL}check/", certificates.check, name="check"),
    path(ONE, decision.decision, name="decision"),
    path(f"{ONE}status/", progress.status, name="status"),
    path(f"{ONE}samples/", decision.samples, name="samples"),
    path(f"{ONE}approve/", decision.approve, name="approve"),
    path(f"{ONE}reject/", decision.reject, name="reject"),
    path(f"{ONE}retry/", decision.retry, name="retry"),
    path(f"{ONE}cancel/", decision.cancel, name="cancel"),
    path(f"{ONE}certificate.json", certificates.certificate, {"kind": "json"}, name="certificate"),
    path(
        f"{ONE}certificate.pdf", certificates.certificate, {"kind": "pdf"}, name="certificate_pdf"
    ),
]
