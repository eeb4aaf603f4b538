from django.urls import include, path

from federation.views import metadata, roles, sign_in_tests, sign_ins, sign_outs, step_up

app_name = "federation"

urlpatterns = [
    path("login/", sign_ins.choose, name="choose"),
    path("saml/step-up/", step_up.step_up, name="step_up"),
    path("saml/<str:namespace>/<str:provider>/metadata/", metadata.metadata, name="metadata"),
    path("saml/<str:namespace>/<str:provider>/login/", sign_ins.login, name="login"),
    path("saml/<str:namespace>/<str:provider>/test/", sign_in_tests.begin, name="test"),
    path("saml/<str:namespace>/<str:provider>/acs/", sign_ins.acs, name="acs"),
    path("saml/<str:namespace>/<str:provider>/role/", roles.choose_role, name="choose_role"),
    path("saml/<str:namespace>/<str:provider>/logout/", sign_outs.logout, name="logout"),
    path("saml/<str:namespace>/<str:provider>/sls/", sign_outs.sls, name="sls"),
    path("scim/v2/<str:ns>/", include("federation.scim.urls")),
]
