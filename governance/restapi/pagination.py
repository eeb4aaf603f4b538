"""Lists as CONTRACT.md shapes them: count, next, previous, results, at most 200 a page."""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.pagination import PageNumberPagination


class CountedPagination(PageNumberPagination):
    """`?page=` and `?page_size=`. A larger size than 200 is answered with 200."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_next_link(self) -> str | None:
        return _at_public_url(super().get_next_link())

    def get_previous_link(self) -> str | None:
        return _at_public_url(super().get_previous_link())


def _at_public_url(link: str | None) -> str | None:
    """Links never repeat what a client put into its Host header."""
    if link is None:
        return None
    parts = urlsplit(link)
    return f"{settings.PUBLIC_URL.rstrip('/')}{parts.path}?{parts.query}"
