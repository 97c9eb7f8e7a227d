"""A page where the answer of a service should be: what a proxy, a firewall or a gateway before it says."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from airflow_provider_mps.core.redaction import redact_urls

NOT_THE_SERVICE = "said by no service, but by a proxy, a firewall or a gateway before it"
HINT = "See to proxies and firewalls on the way, and to the endpoint of the connection."
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
# What is behind that is the page's look and its scripts.
_LONGEST = 20_000
_UNSHOWN = frozenset(("script", "style", "template", "noscript", "svg"))


def is_page(text: str) -> bool:
    """Tell whether a text is a page of HTML."""
    return _PAGE.match(text[:_LONGEST]) is not None


def from_between(text: str) -> str:
    """Return what something before a service has said, as words: without markup and credentials.

    :param text: a page of HTML, or any other answer that is none of the service
    """
    # Names of headers and their values are told apart by the markup between them.
    said = redact_urls(text[:_LONGEST])
    if is_page(said):
        said = _words(said)
    return f"{NOT_THE_SERVICE}: {said}" if said else NOT_THE_SERVICE


def _words(page: str) -> str:
    reader = _Words()
    reader.feed(page)
    reader.close()
    # A title is mostly said again as a heading.
    return ", ".join(dict.fromkeys(reader.found))


class _Words(HTMLParser):
    """Collects what a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unshown = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSHOWN:
            self._unshown = self._unshown or tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unshown:
            self._unshown = ""

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if words and not self._unshown:
            self.found.append(words)
