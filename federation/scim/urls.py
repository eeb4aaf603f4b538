"""SCIM's addresses below `/scim/v2/{ns}/`."""

from django.urls import path, re_path

from federation.scim import views

urlpatterns = [
    path("Users", views.Users.as_view(), name="scim-users"),
    path("Users/<uuid:resource_id>", views.User.as_view(), name="scim-user"),
    path("Groups", views.Groups.as_view(), name="scim-groups"),
    path("Groups/<uuid:resource_id>", views.Group.as_view(), name="scim-group"),
    re_path(
        r"^(?P<kind>ServiceProviderConfig|Schemas|ResourceTypes)$",
        views.Discovery.as_view(),
        name="scim-discovery",
    ),
    re_path(
        r"^(?P<kind>Schemas|ResourceTypes)/(?P<name>[\w:.]+)$",
        views.Discovery.as_view(),
        name="scim-discovery-one",
    ),
    path(".search", views.Search.as_view(), name="scim-search"),
    path("<path:rest>", views.Elsewhere.as_view(), name="scim-elsewhere"),
]
