"""The portal: what a person sees after signing in. Dashboards, SQL, their role, the usage.

Pages work without script and under the strict content policy; `templates/portal/base.html` and
`static/portal/lakewarden.css` are what every page outside the admin extends. Start reading at
`views/access.py` (who may open a page), then `views/sql.py`.
"""
