"""Swagger at `/api/docs/`, from files that come with us: no address outside, no inline script."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class SwaggerView(SpectacularSwaggerSplitView):
    """The split view serves its start-up script as a file of its own, as the CSP wants."""

    url_name = "schema"
