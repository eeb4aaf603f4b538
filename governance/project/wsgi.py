"""What gunicorn serves, once the database has shown that it keeps namespaces apart."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connection

from governance.isolation.guard import require_isolation

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")
application = get_wsgi_application()
require_isolation()
# Workers are forked from here, and none may inherit an open connection.
connection.close()
