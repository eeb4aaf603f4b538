from django.urls import path

from governance.portal.views import dashboards, home, sessions, sql, step_up

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("roles/", sessions.roles, name="roles"),
    path("step-up/", step_up.page, name="step_up"),
    path("sign-out/", sessions.sign_out, name="sign_out"),
    path("n/<str:ns>/", home.home, name="namespace"),
    path("n/<str:ns>/sql/", sql.editor, name="sql"),
    path("n/<str:ns>/sql/<uuid:query_id>/", sql.query, name="query"),
    path("n/<str:ns>/sql/<uuid:query_id>/status/", sql.status, name="query_status"),
    path("n/<str:ns>/sql/<uuid:query_id>/cancel/", sql.cancel, name="query_cancel"),
    path("n/<str:ns>/sql/<uuid:query_id>/result.csv", sql.download, name="query_csv"),
    path("n/<str:ns>/dashboards/", dashboards.index, name="dashboards"),
    path("n/<str:ns>/dashboards/<slug:slug>/", dashboards.dashboard, name="dashboard"),
    path("n/<str:ns>/dashboards/<slug:slug>/status/", dashboards.status, name="dashboard_status"),
    path("n/<str:ns>/usage/", home.usage, name="usage"),
]
