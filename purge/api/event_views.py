"""Events of object stores over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.restapi.views import NamespacedViewSet
from purge.models import ObjectNews
from purge.services import object_events


class ObjectEventIn(serializers.Serializer[Any]):
    """An Amazon S3 event notification, or an SNS envelope of one."""

    Records = serializers.ListField(child=serializers.DictField(), required=False)
    Type = serializers.CharField(required=False)
    Message = serializers.CharField(required=False)


class TurnedAwayOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    reason = serializers.CharField()


class HeardOut(serializers.Serializer[Any]):
    """What became of each record, by its position in the notification."""

    applied = serializers.ListField(child=serializers.IntegerField())
    ignored = TurnedAwayOut(many=True)
    refused = TurnedAwayOut(many=True)


class ObjectEventViewSet(NamespacedViewSet):
    """What happens in an object store, so that the index follows it."""

    model = ObjectNews
    read_action = Action.MANAGE_DATA_MAP
    write_action = Action.MANAGE_DATA_MAP
    serializer_class = HeardOut

    @extend_schema(request=ObjectEventIn, responses={202: HeardOut})
    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Have the objects looked at. Events may come twice and in any order."""
        heard = object_events.hear(document=request.data, actor=self.actor)
        answer = {
            "applied": heard.applied,
            "ignored": [{"position": at, "reason": why} for at, why in heard.ignored],
            "refused": [{"position": at, "reason": why} for at, why in heard.refused],
        }
        return Response(HeardOut(answer).data, status=status.HTTP_202_ACCEPTED)
