"""From an empty installation to a certificate: what an IT admin configures, and who then uses it.

One story, told in chapters, because each stands on the one before. Everything is done by hand in
pages; the identity provider, the directory, the mail server and the Hive client are real.
"""

from tests.journeys.chapters import analytics, directories, erasure, federation, people, spending
from tests.journeys.stage import Stage


def test_a_company_moves_in(stage: Stage) -> None:
    people.the_operator_lets_ivan_in(stage)
    people.the_operator_makes_officers(stage)
    analytics.ivan_opens_the_lake(stage)
    analytics.ivan_makes_a_dashboard(stage)
    federation.ivan_connects_the_identity_provider(stage)
    federation.ivan_gives_roles_by_group(stage)
    federation.ann_follows_a_deep_link(stage)
    federation.bob_starts_at_the_provider(stage)
    federation.joe_opens_the_admin_by_his_group(stage)
    federation.joe_is_moved_from_admin_to_author_to_reader(stage)
    federation.nil_is_in_no_group_and_gets_nothing(stage)
    analytics.ann_writes_sql(stage)
    analytics.ann_may_only_select(stage)
    directories.ivan_connects_the_directory(stage)
    directories.ivan_tries_somebody(stage)
    directories.ivan_maps_a_group(stage)
    directories.alice_reads_the_lake_with_pyhive(stage)
    directories.eve_is_in_no_mapped_group(stage)
    spending.ivan_grants_three_queries(stage)
    spending.ann_asks_until_she_is_refused(stage)
    spending.alice_is_refused_as_well(stage)
    spending.ivan_is_told(stage)
    spending.ivan_raises_the_limit(stage)
    erasure.ivan_maps_the_data(stage)
    erasure.ivan_asks_for_an_erasure(stage)
    erasure.ivan_may_not_decide(stage)
    erasure.olga_erases_one_and_rejects_another(stage)
    erasure.nothing_that_was_written_down_names_her(stage)
    assert stage.faults() == []
