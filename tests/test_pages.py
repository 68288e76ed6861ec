"""What holds for every page: headers, no inline script or style, errors that say what to do."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from csp.constants import NONCE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_protect

from accounts.models import User
from llmsite import urls

SignedIn = Callable[[User], Client]
ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = re.compile(
    r"<script(?![^>]*\b(?:src|nonce)=)[^>]*>|<style(?![^>]*\bnonce=)|\sstyle=|\son[a-z]+=|javascript:"
    r"|\shx-on",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"(?:src|href|action)=[\"'](?:https?:)?//|url\([\"']?(?:https?:)?//", re.I)


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as a mistake in a view would")


@csrf_protect
def takes_a_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken")


urlpatterns = [path("fails/", fails), path("form/", takes_a_form), *urls.urlpatterns]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda found: str(found.relative_to(ROOT)))
def test_a_template_has_no_inline_script_or_style_and_fetches_nothing_elsewhere(
    template: Path,
) -> None:
    text = template.read_text()
    assert INLINE.findall(text) == []
    assert ELSEWHERE.findall(text) == []


def test_own_styles_fetch_nothing_elsewhere() -> None:
    for sheet in (ROOT / "static").rglob("*.css"):
        assert ELSEWHERE.findall(sheet.read_text()) == [], sheet


def test_every_template_parses() -> None:
    for template in TEMPLATES:
        get_template(str(template.relative_to(ROOT / "templates")))


def test_pages_carry_the_protecting_headers(client: Client, owner: User) -> None:
    headers = client.get("/people/login/").headers
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_nonce_used_on_a_page_is_in_its_policy_and_never_the_same() -> None:
    from csp.middleware import CSPMiddleware

    def nonced(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.csp_nonce))  # type: ignore[attr-defined]

    assert NONCE in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["script-src"]
    answers = [CSPMiddleware(nonced)(RequestFactory().get("/")) for _ in range(2)]
    nonces = [answer.content.decode() for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip(answers, nonces, strict=True):
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.urls(__name__)
def test_an_unknown_address_says_so_and_leads_back(member: User, signed_in: SignedIn) -> None:
    answer = signed_in(member).get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_failing_page_says_what_is_safe(member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    client.raise_request_exception = False
    answer = client.get("/fails/")
    assert answer.status_code == 500
    assert "What was saved before is safe" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_form_without_its_token_is_refused_with_what_to_do(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/form/")
    assert answer.status_code == 403
    assert "reload the page and send it again" in answer.content.decode()


def test_the_refusal_page_needs_no_more_than_a_request(owner: User) -> None:
    request = RequestFactory().get("/")
    request.user = owner
    assert "This is not open to you" in render_to_string("403.html", {}, request)


def test_only_places_that_exist_are_shown(member: User, signed_in: SignedIn) -> None:
    page = signed_in(member).get("/people/account/").content.decode()
    links = re.findall(r'<a href="([^"]+)"\s+data-palette="[^"]+"\s+data-keys', page)
    assert links
    for link in links:
        assert signed_in(member).get(link).status_code == 200


@pytest.mark.parametrize(("https", "secure"), [("true", True), ("false", False)])
def test_cookies_are_secure_under_https(https: str, secure: bool, tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0)"
    )
    environment = {
        "HTTPS": https,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "llmsite.settings",
    }
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == [str(secure)] * 3
