"""T67: every column that can hold a name says what it holds. A new one fails until it does.

Sealed columns are left out: nobody reads them without the key, and the services empty them.
"""

from collections import defaultdict

import pytest
from django.apps import apps
from django.db import connection

from governance.secrets.fields import SealedTextField

# What a column holds, and what an erasure does about it:
# CODES     words of a closed set, ids, hashes, keyed fingerprints, sealed text: names nobody.
# CONFIGURED  by administrators, about systems: names nobody by intent.
# CHECKED   typed by people; refused where it names a subject (free_texts.check).
# MASKED    written by us, with identifiers masked or left out.
# PLACES    where data lies: a name of an object can hold an identifier; it goes with the object.
# ACCOUNTS  of people who sign in here, not of the lake's subjects (docs/erasure.md).
# QUERIES   typed by analysts; masked when somebody is erased (purge/services/query_traces.py).
INVENTORY = """
analytics_dashboard CONFIGURED slug title description
analytics_dashboardpanel CODES chart CONFIGURED title sql
analytics_engine CODES kind pool credentials CONFIGURED name options databases
analytics_laketable CODES format CONFIGURED database name location columns description
analytics_lakeview CONFIGURED database name sql description
analytics_query QUERIES sql parameters error notes CODES state pool priority CONFIGURED database
  storage_prefixes columns
audit_auditevent CODES actor_kind actor_role network action target_kind MASKED detail
audit_auditkey CODES key_id
audit_auditseal CODES key_id previous_hash hash
auth_group CODES name
auth_permission CODES name codename
axes_accessattempt ACCOUNTS user_agent ip_address username http_accept path_info get_data post_data
axes_accessattemptexpiration
axes_accessfailurelog ACCOUNTS user_agent ip_address username http_accept path_info
axes_accesslog ACCOUNTS user_agent ip_address username http_accept path_info session_hash
django_admin_log CODES object_id object_repr change_message
django_content_type CODES app_label model
django_migrations CODES app name
django_session CODES session_key session_data
federation_claimrule CODES claim user_type source CONFIGURED groups value transformations
federation_consumedassertion CODES digest
federation_directory CODES tls CONFIGURED name urls ca_certificates bind_dn base_dn domain
  user_dn_patterns user_filter username_attribute group_base_dn group_filter group_class_key
  group_membership_key user_membership_key allowed_groups ACCOUNTS allowed_users
federation_directorymapping CODES kind ACCOUNTS identifiers
federation_identityprovider CODES request_binding CONFIGURED name display_name entity_id
  metadata_xml metadata_url sso_redirect_url sso_post_url slo_url slo_response_url issuer_alias
  groups_attribute last_refresh_problem
federation_onetimepassword CODES digest
federation_providercertificate CONFIGURED pem fingerprint subject
federation_rolechoice CODES secret_digest role_ids ACCOUNTS session_name name_id name_id_format
  name_qualifier sp_name_qualifier session_index tags landing_path
federation_scimgroup ACCOUNTS display_name key external_id
federation_scimuser ACCOUNTS user_name key external_id resource
federation_serviceproviderkey CODES certificate private_key fingerprint
federation_signinattempt CODES reference door outcome check_name code role_name network
  ACCOUNTS explanation facts rules
federation_signinrequest CODES request_id browser_fingerprint CONFIGURED landing_path
federation_signoutrequest CODES request_id browser_fingerprint
outbox_outboxmessage CODES kind name key state MASKED last_error payload
outbox_periodicslot CODES name
purge_return CODES state
purge_dataset CODES format compression locator CONFIGURED identifiers PLACES prefix
purge_erasurecertificate CODES kind hash signature public_key MASKED document
purge_erasuredecision CODES decided_in_role decision report_hash CHECKED reason
purge_erasurereport CODES hash MASKED document
purge_erasurerequest CODES state fingerprints origin reminded report_hash
  CHECKED reason reference identity_proof MASKED problems
purge_erasurerules CODES came_back
purge_erasurestep CODES plan state before_version after_version staged problem locked_until reclaim
  MASKED object_name
purge_lakeobject CODES version cuts PLACES key
purge_legalhold CODES fingerprints index_fingerprints CHECKED reason lifted_because
purge_objectnews CODES key_fingerprint sequencer PLACES key
purge_storagelayer CODES kind CONFIGURED name options
purge_suppression CODES public_fingerprint account_fingerprint
restapi_idempotentanswer CODES principal key request_hash location MASKED body
tenancy_apitoken CODES prefix digest scopes CONFIGURED name
tenancy_identity CODES provider_kind ACCOUNTS subject
tenancy_namespace CODES name account_id status CONFIGURED display_name
tenancy_policy CONFIGURED name description document
tenancy_role CONFIGURED name description trust_policy storage_prefixes
tenancy_rolebinding CODES source
tenancy_user CODES password source ACCOUNTS username login_name email display_name
tenancy_usernamechange ACCOUNTS username
tenancy_usersession CODES network end_reason ACCOUNTS name_id name_id_format name_qualifier
  sp_name_qualifier session_index tags
usage_limits_alertchannel CODES kind events CONFIGURED target
usage_limits_alertdelivery CODES key event MASKED body
usage_limits_credituse CODES key
usage_limits_reservation CODES key feature_type state
usage_limits_usagecontrollogentry CODES feature_type limit_type period cause action
usage_limits_usageentry CODES key feature_type source fingerprint
usage_limits_usagelimit CODES feature_type limit_type period breach_action thresholds
usage_limits_workloadrule CODES action priority CONFIGURED name predicates
usage_limits_workloadrulematch CODES action CONFIGURED rule_name condition
"""
TAGS = {"CODES", "CONFIGURED", "CHECKED", "MASKED", "PLACES", "ACCOUNTS", "QUERIES"}
COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
  AND data_type NOT IN ('uuid', 'boolean', 'bigint', 'integer', 'smallint', 'numeric',
    'double precision', 'date', 'timestamp with time zone')
"""
# Bytes of the index: keyed fingerprints and places, in blocks.
BYTES = ("purge_indexblock", "purge_indexentry")


def tagged() -> dict[str, dict[str, str]]:
    """Tag by column, by table."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    table = tag = ""
    for line in INVENTORY.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            table, *words = words
        for word in words:
            if word in TAGS:
                tag = word
            else:
                found[table][word] = tag
    return found


@pytest.mark.django_db
def test_every_column_that_can_hold_a_name_is_in_the_inventory() -> None:
    sealed = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedTextField)
    }
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns = {
            (table, column) for table, column in cursor.fetchall() if not table.startswith(BYTES)
        }

    assert columns - sealed == {
        (table, column) for table, described in tagged().items() for column in described
    }


def test_no_column_of_an_erasure_is_anything_but_codes_checked_masked_or_places() -> None:
    tags = {
        tag
        for table, described in tagged().items()
        if table.startswith("purge_erasure")
        for tag in described.values()
    }

    assert tags == {"CODES", "CHECKED", "MASKED"}
