"""From an empty installation to a certificate: what an IT admin configures, and who then uses it.

One story, told in chapters, because each stands on the one before. Everything is done by hand in
pages; the identity provider, the directory, the mail server and the Hive client are real.
"""

from tests.journeys.chapters import analytics, federation, people
from tests.journeys.stage import Stage


def test_a_company_moves_in(stage: Stage) -> None:
    people.the_operator_lets_ivan_in(stage)
    people.ivan_makes_officers(stage)
    analytics.ivan_opens_the_lake(stage)
    analytics.ivan_makes_a_dashboard(stage)
    federation.ivan_connects_the_identity_provider(stage)
    federation.ivan_gives_roles_by_group(stage)
    federation.ann_follows_a_deep_link(stage)
    federation.bob_starts_at_the_provider(stage)
    federation.joe_opens_the_admin_by_his_group(stage)
    federation.nil_is_in_no_group_and_gets_nothing(stage)
    analytics.ann_writes_sql(stage)
    analytics.ann_may_only_select(stage)
    assert stage.faults() == []
