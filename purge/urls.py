from django.urls import path

from purge import views

app_name = "purge"
BASE = "n/<str:ns>/erasures/<uuid:request_id>/"
urlpatterns = [
    path(BASE, views.decision, name="decision"),
    path(f"{BASE}samples/", views.samples, name="samples"),
    path(f"{BASE}approve/", views.approve, name="approve"),
    path(f"{BASE}reject/", views.reject, name="reject"),
    path(f"{BASE}certificate.json", views.certificate, name="certificate"),
]
