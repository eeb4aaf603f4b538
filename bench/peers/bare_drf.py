"""A bare Django REST framework service: one model, one ModelViewSet, no sign-in, no middleware."""

import os
import uuid
from typing import ClassVar

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from governance.project.addresses import database_from_url
from governance.project.env import parsed_url

settings.configure(
    SECRET_KEY=uuid.uuid4().hex,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": database_from_url(
            "BENCH_URL",
            parsed_url("BENCH_URL", os.environ["BENCH_URL"], schemes=frozenset({"postgres"})),
        )
    },
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
    USE_TZ=True,
)
application = get_wsgi_application()

# Only now that Django is set up can models be declared.
from django.db import models  # noqa: E402
from rest_framework import routers, serializers, viewsets  # noqa: E402


class Role(models.Model):
    """The columns of ours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["Role"]] = models.Manager()

    class Meta:
        app_label = "bench"
        db_table = "bench_role"

    def __str__(self) -> str:
        return self.name


class RoleSerializer(serializers.ModelSerializer[Role]):
    class Meta:
        model = Role
        fields: ClassVar[list[str]] = ["id", "created_at", "updated_at", "name", "description"]


class RoleViewSet(viewsets.ModelViewSet[Role]):
    queryset = Role.objects.order_by("name")
    serializer_class = RoleSerializer


router = routers.SimpleRouter()
router.register("roles", RoleViewSet)
urlpatterns = router.urls
