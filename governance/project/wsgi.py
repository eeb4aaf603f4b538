"""What gunicorn serves, once the database has shown that it keeps namespaces apart."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.db import connection

from governance.isolation.guard import require_isolation
from governance.project.celery import app as celery_app

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")
application = get_wsgi_application()
require_isolation()
# A web request rings and goes on: it waits no longer for a broker that has stopped.
celery_app.conf.broker_transport_options |= {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
# Workers are forked from here, and none may inherit an open connection.
connection.close()
# What is loaded by now stays: looking it through for garbage costs a request 90 ms now and then.
gc.collect()
gc.freeze()
