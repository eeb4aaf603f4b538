from django.urls import include, path

from federation.views import metadata, sign_ins, sign_outs

app_name = "federation"

urlpatterns = [
    path("login/", sign_ins.choose, name="choose"),
    path("saml/<str:namespace>/<str:provider>/metadata/", metadata.metadata, name="metadata"),
    path("saml/<str:namespace>/<str:provider>/login/", sign_ins.login, name="login"),
    path("saml/<str:namespace>/<str:provider>/acs/", sign_ins.acs, name="acs"),
    path("saml/<str:namespace>/<str:provider>/sls/", sign_outs.sls, name="sls"),
    path("scim/v2/<str:ns>/", include("federation.scim.urls")),
]
