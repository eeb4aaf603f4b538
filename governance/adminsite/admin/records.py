"""What was done and what is being done: the audit trail, and the outbox's messages."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from governance.adminsite import job_words, navigation
from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.audit.models import AuditEvent
from governance.audit.services import anchors, chains, exports
from governance.kernel.actions import Action
from governance.kernel.refusals import Refusal
from governance.outbox.models import MessageState, OutboxMessage
from governance.outbox.services import messages as outbox
from governance.tenancy.selectors import actor_name

EXPORT_LIMIT = 100_000


@admin.register(AuditEvent)
class AuditEventAdmin(NamespacedModelAdmin):
    """Append-only: nothing here can be changed, by anybody."""

    read_action = Action.READ_AUDIT
    write_action = Action.READ_AUDIT
    can_add = can_change = can_delete = False
    list_display = ("at", "action", "who", "actor_role", "target", "sealed_pill")
    list_filter = (("at", RangeDateTimeFilter), "actor_kind", "target_kind")
    search_fields = ("action",)
    search_help_text = "An action, such as user.created"
    list_select_related = ("seal",)
    list_before_template = "adminsite/audit_tools.html"
    fields = (
        "at",
        "action",
        "who",
        "actor_role",
        "network",
        "target_kind",
        "target_id",
        "detail_text",
        "sealed_pill",
        "hash_text",
    )
    readonly_fields = fields
    empty_state = "Nothing has been done here yet. Every change leaves a line."

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        rows: QuerySet[AuditEvent] = super().get_queryset(request)
        return rows.annotate(actor_name=actor_name())

    @display(description="Actor", ordering="actor_id")
    def who(self, row: Any) -> str:  # noqa: ANN401 - annotated above
        if row.actor_id is None:
            return str(row.actor_kind)
        return f"{row.actor_kind} {row.actor_name or row.actor_id}"

    @display(description="Target", ordering="target_kind")
    def target(self, row: AuditEvent) -> str:
        """What it was done to, with its page where it has one."""
        if not row.target_kind:
            return "-"
        label, link = navigation.page_of(kind=row.target_kind, key=row.target_id)
        if link is None:
            return label
        return format_html('<a class="lw-link" href="{}">{}</a>', link, label)

    @display(description="Sealed", label={"Sealed": "success", "Waiting": "warning"})
    def sealed_pill(self, row: AuditEvent) -> str:
        return "Sealed" if hasattr(row, "seal") else "Waiting"

    @display(description="Hash")
    def hash_text(self, row: AuditEvent) -> str:
        return row.seal.hash if hasattr(row, "seal") else "not sealed yet"

    @display(description="Detail")
    def detail_text(self, row: AuditEvent) -> str:
        return json.dumps(row.detail, indent=2, ensure_ascii=False)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("verify/", view(require_POST(self.verify)), name="audit_verify"),
            path("export/", view(self.export), name="audit_export"),
            *super().get_urls(),
        ]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Walk the chain of what this person may see, and say what was found."""
        if not self.has_view_permission(request):
            return self._to_list()
        found = chains.verify(now=timezone.now(), anchors=anchors.own())
        for link in found.broken:
            messages.error(request, f"Broken at number {link.sequence}: {link.why}.")
        if not found.broken:
            messages.success(request, f"The chain holds: {found.sealed} events verified.")
        if found.oldest_unsealed is not None:
            seconds = int(found.oldest_unsealed.total_seconds())
            messages.info(request, f"The oldest event without a seal is {seconds} s old.")
        return self._to_list()

    def export(self, request: HttpRequest) -> Any:  # noqa: ANN401 - a redirect or a stream
        if not self.has_view_permission(request):
            return self._to_list()
        # Read now: the scope ends with this function, and a stream is read after it.
        events = self.get_queryset(request).select_related("seal").order_by("id")[:EXPORT_LIMIT]
        lines = exports.csv_lines(list(events))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit-events.csv"'
        return response

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:audit_auditevent_changelist"))


class HousekeepingFilter(admin.SimpleListFilter):
    """Hidden unless asked for: every minute has some, and it buries what people caused."""

    title = "housekeeping"
    parameter_name = "housekeeping"

    def lookups(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        model_admin: Any,  # noqa: ANN401, ARG002 - Django's signature
    ) -> list[tuple[str, str]]:
        return [("shown", "Shown too")]

    def choices(self, changelist: Any) -> Any:  # noqa: ANN401 - Django's own types
        first, *rest = super().choices(changelist)
        yield {**first, "display": "Hidden where it went well"}
        yield from rest

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[OutboxMessage],
    ) -> QuerySet[OutboxMessage]:
        if self.value() == "shown":
            return queryset
        return queryset.exclude(job_words.housekeeping_that_went_well())


STATE_PILLS = {
    MessageState.PENDING.label: "info",
    MessageState.LEASED.label: "primary",
    MessageState.DONE.label: "success",
    MessageState.DEAD.label: "danger",
}


@admin.register(OutboxMessage)
class OutboxMessageAdmin(NamespacedModelAdmin):
    """Jobs and emails: what waits, what runs, what was given up."""

    read_action = Action.READ_JOBS
    write_action = Action.REDELIVER_MESSAGES
    can_add = can_change = can_delete = False
    across_namespaces = True
    list_display = ("what", "state_pill", "attempts", "progress", "due_at", "finished_at")
    list_filter = ("kind", "state", HousekeepingFilter)
    search_fields = ("name",)
    search_help_text = "What it does, such as index, or a technical name"
    actions = ("redeliver_chosen",)
    fields = (
        "what",
        "name",
        "kind",
        "state_pill",
        "attempts",
        "progress",
        "last_error",
        "key",
        "created_at",
        "due_at",
        "started_at",
        "finished_at",
    )
    readonly_fields = fields
    empty_state = (
        "Nothing to deliver. Jobs and emails appear here when something causes them; housekeeping "
        "that went well is hidden by a filter."
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OutboxMessage], search_term: str
    ) -> tuple[QuerySet[OutboxMessage], bool]:
        """By the words that are shown, too."""
        found, twice = super().get_search_results(request, queryset, search_term)
        if named := job_words.names_like(search_term) if search_term.strip() else []:
            found |= queryset.filter(name__in=named)
        return found, twice

    @display(description="What", ordering="name")
    def what(self, row: OutboxMessage) -> str:
        return job_words.title(kind=row.kind, name=row.name)

    @display(description="State", ordering="state", label=STATE_PILLS)
    def state_pill(self, row: OutboxMessage) -> str:
        return MessageState(row.state).label

    @display(description="Progress")
    def progress(self, row: OutboxMessage) -> str:
        return job_words.progress(row)

    @detail_action(
        label="Deliver again",
        action=Action.REDELIVER_MESSAGES,
        icon="replay",
        shown=lambda row: row.state == MessageState.DEAD,
    )
    def redeliver(self, request: HttpRequest, row: OutboxMessage, values: dict[str, Any]) -> str:
        del values
        outbox.redeliver(message_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "It will be tried again now, with a fresh set of attempts."

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return self.may_write(request)

    @admin.action(description="Deliver again", permissions=["redeliver"])
    def redeliver_chosen(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        done = 0
        for row in queryset:
            try:
                outbox.redeliver(message_id=row.pk, actor=self.actor(request), now=timezone.now())
            except Refusal as refusal:
                messages.error(request, f"{row.name}: {refusal}")
            else:
                done += 1
        messages.info(request, f"{done} will be tried again now.")
