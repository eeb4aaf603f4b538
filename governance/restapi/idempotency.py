"""`Idempotency-Key`: the same POST twice causes its effects once and is answered the same.

The key's row is inserted before the work, in the work's transaction: a second request with the
same key waits at the unique index until the first commits, then repeats its answer, or does
the work itself where the first was refused and rolled back. Answers are kept for a day (see
`sweep`), without what a view shows once (`shown_once`): that is repeated as the mark.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, Invalid
from governance.restapi.models import IdempotentAnswer
from governance.restapi.serializers import SECRET_MARK

HEADER = "Idempotency-Key"
MAX_LENGTH = 200
KEPT = timedelta(days=1)
REPLAYED = "Idempotency-Replayed"


class IdempotencyKeyReused(Conflict):
    code = "idempotency_key_reused"
    sentence = "This Idempotency-Key was used for a different request. Choose a new key."


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    sentence = "An Idempotency-Key is 1 to 200 printable ASCII characters."


def once(
    *,
    request: Request,
    actor: Actor,
    shown_once: frozenset[str],
    ask_ahead: Callable[[], None],
    work: Callable[[], Response],
) -> Response:
    """Do `work` once for the request's key. Call it inside the namespace's scope.

    `ask_ahead` asks other hosts what `work` needs of them, before the key is written: until then
    the transaction may rest. Two requests of one key at once may both ask; one does the work.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not key or len(key) > MAX_LENGTH or not (key.isascii() and key.isprintable()):
        raise IdempotencyKeyInvalid
    principal = str(actor.token_id or actor.user_id)
    fingerprint = request_hash(request)
    if IdempotentAnswer.objects.filter(principal=principal, key=key).exists():
        return _repeated(principal=principal, key=key, fingerprint=fingerprint)
    ask_ahead()
    try:
        with transaction.atomic():
            mine = IdempotentAnswer(principal=principal, key=key, request_hash=fingerprint)
            mine.save(force_insert=True)
    except IntegrityError:
        return _repeated(principal=principal, key=key, fingerprint=fingerprint)
    response = work()
    mine.status = response.status_code
    mine.body = _kept(response.data, shown_once)
    mine.location = response.headers.get("Location", "")
    mine.save()
    return response


def request_hash(request: Request) -> str:
    """Of method, path, query and the parsed body, so that spacing makes no difference.

    Keyed: a body may name a person, whom a plain hash would let anybody try out.
    """
    body = json.dumps(request.data, sort_keys=True, default=str)
    text = "\n".join((request.method or "", request.get_full_path(), body))
    return salted_hmac("lakewarden.idempotency", text, algorithm="sha256").hexdigest()


def sweep(*, now: datetime) -> int:
    """Forget answers older than a day. Runs in the scope the caller opened."""
    deleted, _ = IdempotentAnswer.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _kept(data: object, shown_once: frozenset[str]) -> str:
    """As text: the database's JSON would not keep the order of the fields."""
    if data is None:
        return ""
    body = json.loads(JSONRenderer().render(data))
    if isinstance(body, dict):
        body.update(dict.fromkeys(shown_once & body.keys(), SECRET_MARK))
    return json.dumps(body, ensure_ascii=False)


def _repeated(*, principal: str, key: str, fingerprint: str) -> Response:
    earlier = IdempotentAnswer.objects.get(principal=principal, key=key)
    if earlier.request_hash != fingerprint:
        raise IdempotencyKeyReused
    body = json.loads(earlier.body) if earlier.body else None
    response = Response(body, status=earlier.status)
    response[REPLAYED] = "true"
    if earlier.location:
        response["Location"] = earlier.location
    return response
