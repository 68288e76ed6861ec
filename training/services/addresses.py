"""Addresses of model servers as people type them."""

import ipaddress
from urllib.parse import urlsplit

from training.services.errors import ModelsError

LOCAL_ENDINGS = (".local", ".internal", ".localhost", ".lan", ".home.arpa")
EXAMPLE = "Give it as https://host/v1 or http://host:port."


def checked_url(text: str) -> str:
    """The address without a slash or /v1 at its end; ModelsError where it is none."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelsError(f"This is not an address. {EXAMPLE}") from error
    if parts.scheme not in {"http", "https"} or not host or not url.isprintable() or " " in url:
        raise ModelsError(f"This is not an http:// or https:// address. {EXAMPLE}")
    if parts.username or parts.password:
        raise ModelsError("The address holds a name or password. Put the key in its own field.")
    if parts.query or parts.fragment:
        raise ModelsError(f"Leave out what stands behind ? or # in the address. {EXAMPLE}")
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def is_plain_and_far(url: str) -> bool:
    """Whether key and messages would travel unencrypted beyond this machine and its network."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_near(parts.hostname or "")


def is_near(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_ENDINGS)
    return address.is_loopback or address.is_private or address.is_link_local
