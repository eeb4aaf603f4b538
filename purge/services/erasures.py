"""Carrying out an approved erasure: cut every object, look again, certify.

1. check once more that the approver may approve (`begin`), and make a step for each object;
2. cut each object (`step_shares.py`, `cutting.py`), its step saved before and after;
3. look again (`verifying.py`); what came back is cut again, up to ROUNDS times;
4. certify, destroy the subjects, tell the people.

A worker killed anywhere leaves rows from which another goes on; running twice changes nothing.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, connections
from django.db.models import Sum

from governance.audit import trail
from governance.outbox.services import messages
from governance.tenancy.services import actors
from purge import job_names, selectors
from purge.domain.erasure import State
from purge.models import ErasureRequest, ErasureStep, LakeObject, StepState
from purge.ports import Lake, Work
from purge.services import (
    certificates,
    data_map_digests,
    decisions,
    ledger,
    loaded_steps,
    query_traces,
    step_shares,
    steps,
    threads,
    verifying,
)
from purge.services.indexing import Clock
from purge.services.step_shares import Cutter, PlannedStep
from purge.services.transitions import move

log = structlog.get_logger(__name__)

ROUNDS = 3
STEPS_AT_ONCE = 500


def erase(*, request_id: UUID, work: Work, lake: Lake, clock: Clock) -> None:
    """Do what was approved, from wherever the last attempt got to."""
    if not _begin(request_id, work=work, clock=clock):
        return
    rounds_left, verdict = ROUNDS, verifying.Verification(came_back=True)
    while verdict.came_back and rounds_left:
        rounds_left -= 1
        _go_to(request_id, State.PURGING, work=work, clock=clock)
        if not _cut_all(request_id, work=work, lake=lake, clock=clock):
            _stop(request_id, work=work, clock=clock)
            return
        _go_to(request_id, State.VERIFYING, work=work, clock=clock)
        verdict = verifying.look_again(request_id=request_id, work=work, lake=lake, clock=clock)
    _finish(request_id, verdict, work=work, clock=clock)


def _begin(request_id: UUID, *, work: Work, clock: Clock) -> bool:
    """Whether there is something to do. An approval whose approver lost the right is void."""
    now = clock()
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        state = State(request.state)
        if state not in {State.APPROVED, State.PURGING, State.VERIFYING}:
            log.info("nothing_to_erase", erasure_request=str(request_id), state=state.value)
            return False
        if state is State.APPROVED:
            if not selectors.approval_holds(request):
                decisions.void(request=request, now=now)
                return False
            if not data_map_digests.lock_and_match(selectors.report_of(request)):
                actor = actors.system(request.namespace_id)
                decisions.void(request=request, now=now)
                decisions.look_again(request_id=request.pk, actor=actor, now=now)
                return False
            _plan_steps(request)
            move(request, State.PURGING, actor=actors.system(request.namespace_id), now=now)
        steps.reopen_failed(request.pk)
        return True


def _plan_steps(request: ErasureRequest) -> None:
    """A step for each object of the report; one that an earlier report made begins anew."""
    report = selectors.report_of(request)
    named = {one["number"]: one for one in report.document["objects"]}
    rows = LakeObject.objects.in_bulk(named, field_name="number")
    known = {step.object_number: step for step in request.steps.filter(object_number__in=named)}
    for number, step in known.items():
        _describe(step, named[number], rows.get(number))
        step.save()
        steps.start_over(step)
    fresh = []
    for number in named.keys() - known.keys():
        step = ErasureStep(
            namespace_id=request.namespace_id, erasure_request=request, object_number=number
        )
        fresh.append(_describe(step, named[number], rows.get(number)))
    ErasureStep.objects.bulk_create(fresh, batch_size=STEPS_AT_ONCE)


def _describe(step: ErasureStep, named: Mapping[str, Any], row: LakeObject | None) -> ErasureStep:
    step.object_name, step.plan, step.lake_object = named["name"], named["plan"], row
    step.state, step.problem = StepState.PENDING, ""
    return step


def _cut_all(request_id: UUID, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Object after object. False: somebody cancelled it, and it stopped between two of them."""
    with work.scope():
        total = ErasureStep.objects.filter(erasure_request_id=request_id).count()
        waiting = PlannedStep.of_erasure(request_id)
    before = total - len(waiting)
    telling = threads.Telling(work=work, clock=clock, total=total)
    with closing(_cut_each(waiting, work=work, lake=lake, clock=clock)) as counted:
        for count in counted:
            if telling.tell(before + count):
                with work.scope():
                    request = ErasureRequest.objects.filter(pk=request_id)
                    request.update(progress_done=before + count, progress_total=total)
                if _is_to_stop(request_id, work=work):
                    return False
    return not _is_to_stop(request_id, work=work)


def _cut_each(
    waiting: Sequence[PlannedStep], *, work: Work, lake: Lake, clock: Clock
) -> Generator[int]:
    """Small objects a share at a time, those far away beside each other; then the others.

    Says how many are done. Each is a step like any other: written down before and after, on
    condition that its object did not change, and gone on with by whoever comes after a worker that
    was killed.
    """
    datasets = loaded_steps.DatasetCache(lake=lake, clock=clock)
    cutter = Cutter(datasets=datasets, work=work, lake=lake, clock=clock)
    # In tests that wrap everything in one transaction threads see nothing.
    is_threaded = not connection.in_atomic_block
    far = [one for one in waiting if is_threaded and one.is_far]
    near = [one for one in waiting if one.is_small and not (is_threaded and one.is_far)]
    count = 0
    if far:
        size = min(max(len(far) // (2 * threads.AT_ONCE), 1), step_shares.LARGEST)
        shares = list(step_shares.shared_out(far, size=size))
        done = threads.carry_out(shares, act=cutter.cut, at_end=connections.close_all)
        with closing(done) as counted:
            for count in counted:
                yield count
    for share in step_shares.shared_out(near, size=step_shares.LARGEST):
        if not cutter.cut(share):
            return
        count += len(share)
        yield count
    for step in waiting:
        if not step.is_small:
            if not cutter.cut_alone(step):
                return
            count += 1
            yield count


def _is_to_stop(request_id: UUID, *, work: Work) -> bool:
    with work.scope():
        return ErasureRequest.objects.filter(pk=request_id, stop_wanted=True).exists()


def _stop(request_id: UUID, *, work: Work, clock: Clock) -> None:
    """End a cancelled erasure: what was cut stays cut, and a partial certificate says what."""
    now = clock()
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        actor = actors.system(request.namespace_id)
        verdict = verifying.Verification()
        for step in ErasureStep.objects.filter(erasure_request=request).exclude(
            state=StepState.DONE
        ):
            verdict.problem(name=step.object_name, reason="not_done")
        verdict.problem(name="", reason="cancelled")
        request.problems = verdict.problems
        certificates.issue(request=request, verdict=verdict, actor=actor, now=now)
        move(request, State.CANCELLED, actor=actor, now=now)
        messages.enqueue_job(
            name=job_names.TELL_OUTCOME, key=f"{request.pk}", erasure_request_id=request.pk
        )


def _go_to(request_id: UUID, after: State, *, work: Work, clock: Clock) -> None:
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        if request.state != after:
            move(request, after, actor=actors.system(request.namespace_id), now=clock())


def _finish(request_id: UUID, verdict: verifying.Verification, *, work: Work, clock: Clock) -> None:
    now = clock()
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        actor = actors.system(request.namespace_id)
        request.problems = verdict.problems
        request.needs_new_report = verdict.needs_new_report
        complete = not verdict.problems
        query_traces.forget(request=request, actor=actor, now=now)
        certificates.issue(request=request, verdict=verdict, actor=actor, now=now)
        if complete:
            ledger.remember(request=request, now=now)
        done = ErasureStep.objects.filter(erasure_request=request).aggregate(
            records=Sum("records", default=0), bytes=Sum("bytes", default=0)
        )
        after = State.COMPLETED if complete else State.PARTIALLY_FAILED
        trail.record(
            actor=actor,
            action="erasure.carried_out",
            target=request,
            detail={"outcome": after.value, "problems": len(verdict.problems), **done},
            now=now,
        )
        move(request, after, actor=actor, now=now)
        messages.enqueue_job(
            name=job_names.TELL_OUTCOME,
            key=f"{request.pk}:{now.isoformat()}",
            erasure_request_id=request.pk,
        )
