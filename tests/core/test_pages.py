"""What a proxy or a firewall says in a service's place is told in words, and that it is none of the service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError, error_from_json, error_to_json
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.pages import HINT, NOT_THE_SERVICE, from_between, is_page
from airflow_provider_mps.failures import short_line

NGINX = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
PORTAL = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"><html><head><style>p > a {color: red}</style>
<script>if (1 < 2) { go("<b>there</b>") }</script></head><body><p>Blocked&nbsp;by policy &lt;7&gt;</p>
<p>Ask it@a.example"""


def error(message: str, code: str = "HTTP 403", action: str = "DescribeImageTaskDetail") -> ServiceError:
    return ServiceError("MPS", action, "1-WorkflowTask-a", code, message, "", Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (NGINX, "502 Bad Gateway, nginx"),
        (PORTAL, "Blocked by policy <7>, Ask it@a.example"),
        ('<?xml version="1.0"?><!-- x --><HTML lang="en"><body>no</body></HTML>', "no"),
        ("<body><h1>Forbidden", "Forbidden"),
    ],
)
def test_a_page_is_told_in_words(page: str, words: str) -> None:
    found = error(page)
    assert found.message == f"{NOT_THE_SERVICE}: {words}"
    assert found.hint == HINT
    assert short_line(found, "shop") == f"HTTP 403 (shop): {HINT}"
    # As it comes back from an event of a trigger, or from a record.
    assert error_from_json(error_to_json(found)).message == found.message


@pytest.mark.parametrize("page", ["<html></html>", "<!doctype html><script>location = '/login'</script>"])
def test_a_page_without_words(page: str) -> None:
    assert error(page).message == NOT_THE_SERVICE


@pytest.mark.parametrize(
    "said",
    [
        "no such task",
        "the header is <b>bold</b>",
        "<Error><Code>NoSuchKey</Code></Error>",
        "<htmlish>",
        '<?xml version="1.0"?><Error/>',
        "",
    ],
)
def test_what_a_service_says_is_left_as_it_is(said: str) -> None:
    assert error(said).message == said
    assert not error(said).hint


def test_what_is_known_of_a_code_counts_more() -> None:
    known = error("no", "AuthFailure.SecretIdNotFound").hint
    assert known
    assert error(NGINX, "AuthFailure.SecretIdNotFound").hint == known


@pytest.mark.parametrize(
    "secret",
    [
        "https://a.example/x.png?q-signature=0123456789abcdef0123",
        "<td>Authorization</td><td>TC3-HMAC-SHA256 0123456789abcdef0123</td>",
        "Cookie:&quot;session=0123456789abcdef0123&quot;",
        "<a href='https://a.example/?token=0123456789abcdef0123'>again</a>",
    ],
)
def test_a_page_that_says_a_request_back_says_no_credential(secret: str) -> None:
    for page in (f"<html><body>Blocked: {secret}</body></html>", f"<html><table><tr>{secret}</tr></table></html>"):
        assert "0123456789abcdef" not in str(error(page))
        assert "0123456789abcdef" not in from_between(page)


@given(st.text(alphabet="<>/ahtml! -&;\"'=\n"))
def test_whatever_comes_is_told(rest: str) -> None:
    for page in (f"<html>{rest}", f"<!doctype html{rest}", rest):
        found = error(page)
        assert not is_page(found.message)
        assert len(found.message) <= 300
