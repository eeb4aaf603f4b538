"""Whatever a person types, a filter has one condition and its value is what they typed."""

import warnings

from hypothesis import given, strategies as st

from federation.adapters import ldap3_filters as filters
from federation.adapters.ldap3_groups import name_of
from federation.domain.directories import DirectorySettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3.operation.search import parse_filter
    from ldap3.protocol.convert import prepare_filter_for_sending
    from ldap3.utils.dn import parse_dn

SETTINGS = DirectorySettings(urls=(), base_dn="dc=acme,dc=test")
NAMES = st.text(min_size=1, max_size=40)


@given(NAMES)
def test_a_name_stays_one_value_of_one_condition(name: str) -> None:
    condition = filters.user_condition(settings=SETTINGS, user=name)

    parsed = parse_filter(
        condition, None, auto_escape=True, auto_encode=True, validator=None, check_names=False
    )
    leaves = parsed.elements

    assert len(leaves) == 1
    assert leaves[0].assertion["attr"] == "uid"
    assert prepare_filter_for_sending(leaves[0].assertion["value"]) == name.encode()


@given(NAMES)
def test_a_name_stays_one_part_of_a_distinguished_name(name: str) -> None:
    dn = filters.candidate_dns(settings=SETTINGS, user=name, domain="")[0]

    assert [part[0] for part in parse_dn(dn)] == ["uid", "dc", "dc"]
    assert name_of(dn) == name


@given(NAMES, NAMES)
def test_a_template_takes_names_and_dns_as_values(name: str, dn: str) -> None:
    settings = DirectorySettings(
        urls=(), base_dn="", group_filter="(&(objectClass=group)(|(member={1})(memberUid={0})))"
    )

    condition = filters.group_condition(settings=settings, user=name, dn=dn)

    assert condition.count("(") == condition.count(")") == 5
    assert condition.endswith("))")
    assert "{" not in condition


def test_a_short_domain_becomes_the_directorys_own() -> None:
    settings = DirectorySettings(urls=(), base_dn="", domain="acme.example")

    assert filters.candidate_dns(settings=settings, user="uma", domain="acme") == (
        "uma@acme.example",
    )


def test_the_name_of_a_group_is_read_from_its_dn() -> None:
    assert name_of(r"cn=a\2Cb\,c\\d,ou=groups") == r"a,b,c\d"
    assert name_of("CN=Ventas y Márketing,OU=x") == "Ventas y Márketing"
