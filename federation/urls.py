from django.urls import include, path

from federation import views

app_name = "federation"

urlpatterns = [
    path("login/", views.choose, name="choose"),
    path("saml/<str:namespace>/<str:provider>/metadata/", views.metadata, name="metadata"),
    path("saml/<str:namespace>/<str:provider>/login/", views.login, name="login"),
    path("saml/<str:namespace>/<str:provider>/acs/", views.acs, name="acs"),
    path("saml/<str:namespace>/<str:provider>/sls/", views.sls, name="sls"),
    path("scim/v2/<str:ns>/", include("federation.scim.urls")),
]
