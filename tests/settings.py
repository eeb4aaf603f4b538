"""The service's own settings, on servers and keys that live as long as the test session."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SESSION_FOLDER = "LAKEWARDEN_TEST_FOLDER"
# Nothing of the developer's environment reaches a test.
OURS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "PUBLIC_URL"),
    *("ALLOWED_HOSTS", "EMAIL_URL", "EMAIL_FROM", "LAKE_ROOTS", "PORT", "HIVE_PORT", "BIND"),
    *("TRUSTED_PROXIES", "DEMO", "METRICS_TOKEN", "LOG_LEVEL"),
    *("EGRESS_ALLOWED_NETWORKS", "EGRESS_ALLOWED_PORTS", "S3_ENDPOINTS", "S3_ROOTS"),
    "HIVE_SERVERS",
    *("SPARK_MASTER", "SPARK_PYTHON", "AUDIT_ANCHORS", "AUDIT_ANCHORS_EMAIL"),
)
for name in OURS:
    os.environ.pop(name, None)
    os.environ.pop(f"{name}_FILE", None)

IS_FIRST_PROCESS = SESSION_FOLDER not in os.environ
if IS_FIRST_PROCESS:
    # Workers of pytest-xdist inherit the name of the folder, and find the same servers there.
    os.environ[SESSION_FOLDER] = tempfile.mkdtemp(prefix="lakewarden-tests-")
    atexit.register(shutil.rmtree, os.environ[SESSION_FOLDER], ignore_errors=True)
FOLDER = Path(os.environ[SESSION_FOLDER])
if IS_FIRST_PROCESS:
    FOLDER.chmod(0o711)  # the servers' account passes through
os.environ["DATA_DIR"] = str(FOLDER / "var")

from governance.project import keys  # noqa: E402
from governance.project.embedded import servers  # noqa: E402
from governance.project.embedded.folders import DataFolder  # noqa: E402

SERVERS = servers.place(
    DataFolder(FOLDER / "var"),
    postgres_options={
        # What a crash would lose is a test session.
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "autovacuum": "off",
        "jit": "off",
        "max_connections": "200",
    },
)
if IS_FIRST_PROCESS:
    keys.make(SERVERS.postgres.home)
    servers.write_database_urls(SERVERS.postgres.home, SERVERS)
    servers.write_redis_url(SERVERS.postgres.home, SERVERS)

from governance.project.settings import *  # noqa: E402, F403 - these settings are those, changed

# All tests come from one network; those of the budget set their own.
FEDERATION_SAML_NETWORK_REQUESTS = FEDERATION_SAML_PROVIDER_REQUESTS = 1_000_000
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = (  # noqa: F405
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
CACHES["default"]["KEY_PREFIX"] = WORKER  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - whitenoise warns of a missing folder
LAKE_ROOTS = [FOLDER / f"lake-{WORKER}"]
AUDIT_ANCHORS = FOLDER / f"anchors-{WORKER}.log"
