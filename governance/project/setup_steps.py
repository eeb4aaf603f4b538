"""The steps that make a namespace useful, as the admin's first page lists them."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from federation.models import ClaimRule, Directory, DirectoryMapping, IdentityProvider
from governance.adminsite.callers import may
from governance.adminsite.gates import in_one_namespace
from governance.adminsite.overview import Step
from governance.analytics.models import Engine, LakeTable
from governance.kernel.actions import Action
from governance.tenancy.models import RoleBinding, User, UserSource
from purge.domain.locators import Locator
from purge.models import Dataset, StorageLayer
from purge.ports import Format
from usage_limits.models import AlertChannel, UsageLimit

OFFICER = "officer"


def steps(request: HttpRequest) -> Iterator[Step]:
    """In the order in which they are best done. Only for who may do them."""
    if not in_one_namespace():
        return
    if may(request, Action.MANAGE_IDENTITY_PROVIDERS):
        yield from _sign_in()
    if may(request, Action.MANAGE_ENGINES):
        yield _queries()
    if may(request, Action.MANAGE_USAGE_LIMITS):
        yield from _limits()
    if may(request, Action.MANAGE_DATA_MAP):
        yield from _erasure()
    if may(request, Action.MANAGE_USERS):
        yield _officer()


def _sign_in() -> Iterator[Step]:
    providers = IdentityProvider.objects.exists()
    enabled = IdentityProvider.objects.filter(enabled=True).exists()
    directories = Directory.objects.filter(enabled=True).exists()
    yield Step(
        title="Connect the company's sign-in",
        sentence="An identity provider (SAML) for browsers, or a directory (LDAP) for Hive "
        "clients. A provider is off until it is tested and switched on.",
        done=enabled or directories,
        link=_list("federation_identityprovider")
        if providers
        else _add("federation_identityprovider"),
        link_text="Switch a provider on" if providers else "Add an identity provider",
    )
    by_directory = directories and not enabled
    yield Step(
        title="Give groups their roles",
        sentence="A claim rule for each group of the provider, or a mapping for each of the "
        "directory. Without one, nobody comes in.",
        done=ClaimRule.objects.filter(claim="Role").exists() or DirectoryMapping.objects.exists(),
        link=_add("federation_directorymapping" if by_directory else "federation_claimrule"),
        link_text="Map a group" if by_directory else "Add a claim rule",
    )
    came = User.objects.filter(last_sign_in_at__isnull=False).exclude(source=UserSource.LOCAL)
    yield Step(
        title="See somebody sign in",
        sentence="With their company account. What is refused is explained in the sign-in log.",
        done=came.exists(),
        link=_list("federation_signinattempt"),
        link_text="Open the sign-in log",
    )


def _queries() -> Step:
    engines = Engine.objects.exists()
    return Step(
        title="Let people query",
        sentence="An engine that reads the lake, and a table for each folder of it.",
        done=engines and LakeTable.objects.exists(),
        link=_add("analytics_laketable" if engines else "analytics_engine"),
        link_text="Add a table" if engines else "Add an engine",
    )


def _limits() -> Iterator[Step]:
    yield Step(
        title="Limit what is used",
        sentence="Terabytes scanned or minutes of concurrency scaling, by day, week or month.",
        done=UsageLimit.objects.exists(),
        link=_add("usage_limits_usagelimit"),
        link_text="Add a limit",
    )
    yield Step(
        title="Say who is told",
        sentence="An email address or a webhook that hears of limits before they are reached.",
        done=AlertChannel.objects.filter(enabled=True).exists(),
        link=_add("usage_limits_alertchannel"),
        link_text="Add an alert channel",
    )


def _erasure() -> Iterator[Step]:
    layers = StorageLayer.objects.exists()
    datasets = Dataset.objects.exists()
    yield Step(
        title="Say where personal data lies",
        sentence="A storage layer, and a dataset for each kind of record in it, with what "
        "identifies a person there.",
        done=datasets,
        link=_add("purge_dataset" if layers else "purge_storagelayer"),
        link_text="Add a dataset" if layers else "Add a storage layer",
    )
    read = Dataset.objects.filter(locator=Locator.ROW.value).exclude(format=Format.TABLE.value)
    unread = read.filter(indexed_at__isnull=True).exists()
    yield Step(
        title="Index it",
        sentence="So that a person's records are found at once. The index then follows the lake.",
        done=datasets and not unread,
        link=_list("purge_dataset"),
        link_text="Open a dataset and index it",
    )


def _officer() -> Step:
    officers = RoleBinding.objects.filter(role__name=OFFICER, user__is_active=True)
    return Step(
        title="Name a compliance officer",
        sentence="Somebody with the role officer decides on erasures. Who asks cannot decide.",
        done=officers.exists(),
        link=_add("tenancy_user"),
        link_text="Add somebody",
    )


def _add(model: str) -> str:
    return reverse(f"admin:{model}_add")


def _list(model: str) -> str:
    return reverse(f"admin:{model}_changelist")
