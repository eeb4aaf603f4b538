"""Where a person goes after a sign-in: a path of this site and nothing else."""

from urllib.parse import urlsplit

HOME = "/"
LONGEST_PATH = 2_000
# A sign-in must not end where the next one begins.
NOT_LANDING = ("/saml/", "/login/", "/logout/", "/step-up/")


def landing_path(*, target: str, public_url: str) -> str:
    """`target` as a path, or home where it does not point into this site.

    It may be a path, or an absolute URL of exactly the public origin. Everything that a browser
    could read as another host (two slashes, backslashes, control characters) is home.
    """
    origin = public_url.rstrip("/")
    parts = urlsplit(origin)
    if target == origin or target.startswith((f"{origin}/", f"{origin}?")):
        target = target[len(f"{parts.scheme}://{parts.netloc}") :] or HOME
        target = target if target.startswith("/") else f"/{target}"
    return target if _is_path(target) and not target.startswith(NOT_LANDING) else HOME


def _is_path(target: str) -> bool:
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and len(target) <= LONGEST_PATH
        and target.isprintable()
        and " " not in target
    )
