"""The demo workspace: a small real lake, and everything configured over it.

`lake/` is derived from public data by `derive_lake.py`, which names its sources. `manage.py
load_demo` (in `governance/project/management/commands/`) copies it and configures the rest by
calling the services of the apps, as the admin pages do. Start reading at `workspace.py`.
"""
