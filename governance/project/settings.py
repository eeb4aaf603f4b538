"""Every setting of the service, read from the environment once (docs/settings.md lists them).

Without `DATABASE_URL` and `REDIS_URL` the service runs on the embedded servers of `DATA_DIR`,
whose addresses and keys `make run` leaves there.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from governance.adminsite import navigation
from governance.project import addresses, dotted_paths, env, keys, logs
from governance.project.embedded.folders import DataFolder
from governance.restapi import defaults

django_stubs_ext.monkeypatch()  # ModelAdmin[Thing] at run time

ROOT = Path(__file__).resolve().parent.parent.parent
environment = env.from_process()

# --- where things are
DATA_DIR = environment.path("DATA_DIR", default=ROOT / "var")
LAKE_ROOTS = [
    Path(folder).absolute()
    for folder in environment.words("LAKE_ROOTS", default=[str(DATA_DIR / "lake")], separator=":")
]
# S3 layers: endpoints beside AWS's and public ones, and where our own credentials may be used.
S3_ENDPOINTS = environment.words("S3_ENDPOINTS", default=[])
S3_ROOTS = environment.words("S3_ROOTS", default=[])
# `index_lake --engine spark`: the cluster, and Python on its machines.
SPARK_MASTER = environment.text("SPARK_MASTER", "local[*]")
SPARK_PYTHON = environment.text("SPARK_PYTHON", sys.executable)
EMBEDDED = DataFolder(DATA_DIR)
BIND = environment.text("BIND", "127.0.0.1")
PORT = environment.port("PORT", default=8000)
HIVE_PORT = environment.port("HIVE_PORT", default=10000)
# The demo belongs beside the embedded database; elsewhere it must be asked for.
DEMO = environment.flag("DEMO", default=environment.text("DATABASE_URL") is None)
PUBLIC_URL = addresses.public_url(environment, bind=BIND, port=PORT)
ALLOWED_HOSTS = environment.words(
    "ALLOWED_HOSTS", default=addresses.own_hosts(PUBLIC_URL, bind=BIND)
)

TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES", default=["127.0.0.1", "::1"])

# --- keys
SECRET_KEY = keys.secret_key(environment, EMBEDDED)
FIELD_KEYS = keys.field_keys(environment, EMBEDDED)

# --- the database and the broker
DATABASES = {"default": addresses.database(environment, EMBEDDED)}
DATABASE_APP_ROLE = DATABASES["default"]["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = addresses.redis_url(environment, EMBEDDED)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "lakewarden",
        # A stopped Redis costs a request this long, not forty seconds.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- Django
DEBUG = False
ROOT_URLCONF = "governance.project.urls"
WSGI_APPLICATION = "governance.project.wsgi.application"
AUTH_USER_MODEL = "tenancy.User"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "governance.project.formats"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "governance.adminsite.apps.DjangoAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "axes",
    "django_prometheus",
    "governance.isolation",
    "governance.audit",
    "governance.outbox",
    "governance.tenancy",
    "governance.restapi",
    "governance.adminsite.apps.AdminsiteConfig",
    "governance.analytics",
    "governance.portal",
    "federation",
    "usage_limits",
    "purge",
    "governance.project",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    # First of those that ask who is there, and by which scheme.
    "governance.project.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "governance.project.middleware.ContentSecurityPolicyMiddleware",
    "governance.project.middleware.PlainAddressMiddleware",
    "governance.project.middleware.NoBlankPageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    # Before the authentication: the session's user is read inside the session's namespace.
    "governance.tenancy.middleware.ActorMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.portal.context_processors.visitor",
            ]
        },
    }
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 3600

# --- signing in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "governance.tenancy.auth_backends.LocalBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = LOGOUT_REDIRECT_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
TENANCY_STEP_UP_SECONDS = environment.integer("STEP_UP_SECONDS", default=600, least=60)
# Counted in the cache: no table of names and addresses.
AXES_HANDLER = "governance.tenancy.lockouts.PasswordLockouts"
AXES_ENABLE_ADMIN = False
# By default axes counts failures by USERNAME_FIELD and looks them up by another name: never locked.
AXES_USERNAME_FORM_FIELD = "username"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# Tries while it is locked do not lock it for longer: the page says when it opens.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "governance.project.errors.password_locked"

# --- what the browser is told
HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "governance.project.errors.csrf_failed"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ENGINE = "governance.tenancy.browser_sessions"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# Load balancers and the container's own probe speak plain HTTP to these.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    }
}
# Unfold's Alpine evaluates expressions and styles elements; nothing outside /admin/ may.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

# --- email
EMAIL_URL = addresses.email_url(environment)
EMAIL_BACKEND = EMAIL_URL.backend
EMAIL_HOST, EMAIL_PORT = EMAIL_URL.host, EMAIL_URL.port
EMAIL_HOST_USER = EMAIL_URL.user
EMAIL_HOST_PASSWORD = EMAIL_URL.password
EMAIL_USE_TLS = EMAIL_URL.start_tls
EMAIL_USE_SSL = EMAIL_URL.tls
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.text(
    "EMAIL_FROM", f"Lakewarden <lakewarden@{urlsplit(PUBLIC_URL).hostname}>"
)

EMAIL_MESSAGE_ID_DOMAIN = urlsplit(PUBLIC_URL).hostname

# --- the admin
UNFOLD = navigation.unfold_settings()
ADMIN_ATTENTION = dotted_paths.ADMIN_ATTENTION
JOB_WORDS = "governance.project.job_words"
ADMIN_SETTING_UP = ["governance.project.setup_steps.steps"]
ADMIN_GLANCES = dotted_paths.ADMIN_GLANCES

# --- REST
REST_FRAMEWORK = defaults.REST_FRAMEWORK
SPECTACULAR_SETTINGS = defaults.SPECTACULAR_SETTINGS

# --- what may be reached (webhooks, metadata by URL): public https hosts, and these
EGRESS_ALLOWED_NETWORKS = environment.words("EGRESS_ALLOWED_NETWORKS", default=[])
EGRESS_ALLOWED_PORTS = environment.ports("EGRESS_ALLOWED_PORTS")

# --- analytics and the portal: what stands above them is named, not imported
ANALYTICS_ENGINES = dotted_paths.ANALYTICS_ENGINES
# Spark Thrift Servers and Hive of ours, each with the root of its lake: host:port=s3a://lake
HIVE_SERVERS = addresses.hive_servers(environment.words("HIVE_SERVERS", default=[]))
ANALYTICS_QUERY_GUARDS = ["usage_limits.wiring.query_guard"]
ANALYTICS_USAGE_SINKS = ["usage_limits.wiring.usage_sink"]
ANALYTICS_RESULTS_DIR = DATA_DIR / "results"
ANALYTICS_RUNNERS_DIR = DATA_DIR / "runners"
ANALYTICS_RESULT_HOURS = environment.integer("ANALYTICS_RESULT_HOURS", default=24, least=1)
ANALYTICS_HISTORY_DAYS = environment.integer("ANALYTICS_HISTORY_DAYS", default=30, least=1)
PORTAL_USAGE_PANEL = "usage_limits.wiring.usage_panel"
LOCAL_SIGN_IN_GATE = "federation.services.enforcements.admit"
TENANCY_AFTER_SIGN_OUT = "federation.services.sign_outs.path_after"
TENANCY_ERASED_PEOPLE = "purge.services.erased_people.were_erased"
TENANCY_WAYS_IN = "federation.services.enforcements.keeping_break_glass"

# --- directories: keep the failures below the directory's own lockout
FEDERATION_SIGN_IN_FAILURES = environment.integer("SIGN_IN_FAILURES", default=3, least=1)
FEDERATION_SIGN_IN_NETWORK_FAILURES = environment.integer(
    "SIGN_IN_NETWORK_FAILURES", default=30, least=1
)
FEDERATION_SIGN_IN_WINDOW_SECONDS = environment.integer(
    "SIGN_IN_WINDOW_SECONDS", default=900, least=1
)
FEDERATION_SIGN_IN_REMEMBER_SECONDS = 60  # how long a password that failed fails by itself
FEDERATION_SIGN_IN_WAIT_SECONDS = 5  # for other tries of the same account to end
# --- the doors of single sign-on: requests in a minute
FEDERATION_SAML_NETWORK_REQUESTS = environment.integer(
    "SAML_NETWORK_REQUESTS", default=600, least=1
)
FEDERATION_SAML_PROVIDER_REQUESTS = environment.integer(
    "SAML_PROVIDER_REQUESTS", default=6000, least=1
)
# Which namespace may claim which login domain; where any is named, no other can be claimed.
FEDERATION_DIRECTORY_DOMAINS = environment.pairs("DIRECTORY_DOMAINS")
HIVE_TLS_CERTIFICATE = environment.text("HIVE_TLS_CERTIFICATE", "")
HIVE_TLS_KEY = environment.text("HIVE_TLS_KEY", "")
HIVE_CONNECTIONS = environment.integer("HIVE_CONNECTIONS", default=1000, least=1)
HIVE_NAMESPACE_SESSIONS = environment.integer("HIVE_NAMESPACE_SESSIONS", default=200, least=1)
HIVE_USER_SESSIONS = environment.integer("HIVE_USER_SESSIONS", default=50, least=1)

# --- watching
METRICS_TOKEN = environment.text("METRICS_TOKEN")
AUDIT_ANCHORS = environment.path("AUDIT_ANCHORS", default=DATA_DIR / "audit-anchors.log")
AUDIT_ANCHORS_EMAIL = environment.text("AUDIT_ANCHORS_EMAIL", "")
LOG_LEVEL = logs.level(environment)
LOGGING_CONFIG = None  # logs.configure does it, structlog included
logs.configure(LOG_LEVEL)
