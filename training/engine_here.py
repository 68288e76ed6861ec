"""The engine that this machine starts by itself, where ENGINE_URLS names it."""

from urllib.parse import urlsplit

from django.conf import settings

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def is_wanted() -> bool:
    """Whether one of ENGINE_URLS is the engine that this machine runs on ENGINE_PORT."""
    addresses = [urlsplit(url) for url in settings.ENGINE_URLS]
    return any(
        address.hostname in LOOPBACK and address.port == settings.ENGINE_PORT
        for address in addresses
    )
