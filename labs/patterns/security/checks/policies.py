"""A content security policy and a page, read as a browser reads them (https://www.w3.org/TR/CSP3/)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from labs.judge import CheckFailed, Response, head

EVERYTHING = ("'unsafe-eval'", "*", "http:", "https:", "data:", "blob:", "http://*", "https://*")  # sources
JAVASCRIPT = ("module", "text/javascript", "application/javascript")  # types of scripts that run

Policy = dict[str, list[str]]  # its directives with their sources


def policies_of(response: Response) -> list[Policy]:
    """Each policy of the response; fails when it has none."""
    found = parse_policies(response)
    if not found:
        raise CheckFailed(
            "There is no `Content-Security-Policy`.", expected="Content-Security-Policy: …", got=head(response)
        )
    return found


def parse_policies(response: Response) -> list[Policy]:
    """Each policy of the response, which may have none."""
    found: list[Policy] = []
    for text in ",".join(response.header_values("Content-Security-Policy")).split(","):
        policy: Policy = {}
        for directive in text.split(";"):
            name, *values = directive.split() or [""]
            if name:
                policy.setdefault(name.lower(), values)  # a second one of the same name is ignored
        if policy:
            found.append(policy)
    return found


def sources(policy: Policy, *names: str) -> list[str] | None:
    """The sources of the first of these directives that is there; None when none is, which allows everything."""
    return next((policy[name] for name in names if name in policy), None)


def wholesale(allowed: list[str] | None) -> list[str]:
    """The sources that let in scripts which nobody here has written."""
    if allowed is None:
        return ["no script-src and no default-src"]
    lower = [source.lower() for source in allowed]
    found = [source for source in lower if source in EVERYTHING]
    if "'unsafe-inline'" in lower and not _secured(allowed):  # a browser that knows hashes ignores it beside one
        found.append("'unsafe-inline'")
    return found


def allows_inline(allowed: list[str] | None, text: str, nonce: str | None) -> bool:
    """Whether an inline script or style with this text may run."""
    if allowed is None or (nonce and f"'nonce-{nonce}'" in allowed):
        return True
    for source in allowed:
        kind, _, wanted = source.strip("'").partition("-")
        if kind.lower() in ("sha256", "sha384", "sha512"):
            digest = base64.b64encode(hashlib.new(kind.lower(), text.encode()).digest()).decode()
            if wanted.replace("-", "+").replace("_", "/") == digest:
                return True
    return "'unsafe-inline'" in [source.lower() for source in allowed] and not _secured(allowed)


def allows_url(allowed: list[str] | None, url: str, origin: str, nonce: str | None = None) -> bool:
    """Whether something may be loaded from this URL."""
    if allowed is None or (nonce and f"'nonce-{nonce}'" in allowed):
        return True
    if "'strict-dynamic'" in [source.lower() for source in allowed]:
        return False
    parts = urlsplit(url)
    own = f"{parts.scheme}://{parts.netloc}" == origin
    return any(_matches(source, parts, own) for source in allowed)


class Page(HTMLParser):
    """A page of HTML: what it loads and what it runs."""

    class Piece(NamedTuple):
        """A script or a style: from a URL, or inline."""

        kind: str
        url: str | None
        nonce: str | None
        text: list[str]

    def __init__(self, response: Response, origin: str) -> None:
        super().__init__(convert_charrefs=False)
        self.origin = origin
        self.base = urljoin(origin, response.request.path)
        self.pieces: list[Page.Piece] = []
        self._open: list[str] | None = None
        self.feed(response.text.replace("\r\n", "\n"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and (given.get("type") or "module") in JAVASCRIPT:
            self._add("script", given.get("src"), given.get("nonce"))
        elif tag == "style":
            self._add("style", None, given.get("nonce"))
        elif tag == "link" and "stylesheet" in (given.get("rel") or "").split():
            self._add("style", given.get("href"), given.get("nonce"))
            self._open = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)

    def _add(self, kind: str, url: str | None, nonce: str | None) -> None:
        self._open = []
        self.pieces.append(Page.Piece(kind, url, nonce, self._open))

    def needs(self, policy: Policy) -> Iterator[tuple[str, str, bool]]:
        """Each thing that the page needs: what, the directive that decides, and whether this policy allows it."""
        for piece in self.pieces:
            directive = f"{piece.kind}-src"
            allowed = sources(policy, f"{directive}-elem", directive, "default-src")
            if piece.url is not None:
                url = urljoin(self.base, piece.url)
                yield url, directive, allows_url(allowed, url, self.origin, piece.nonce)
            else:
                text = "".join(piece.text)
                what = f"the inline {piece.kind} “{' '.join(text.split())[:40]}…”"
                yield what, directive, allows_inline(allowed, text, piece.nonce)
        for script in (piece for piece in self.pieces if piece.kind == "script"):
            if found := re.search(r"""["']?\burl["']?\s*:\s*["']([^"']+)["']""", "".join(script.text)):
                url = urljoin(self.base, found[1])
                yield url, "connect-src", allows_url(sources(policy, "connect-src", "default-src"), url, self.origin)


def _secured(allowed: list[str]) -> bool:
    """Whether a nonce or a hash is among these sources."""
    return any(re.match(r"'(nonce|sha256|sha384|sha512)-", source, re.IGNORECASE) for source in allowed)


def _matches(source: str, parts: SplitResult, own: bool) -> bool:
    """Whether this source lets in a URL of these parts; `own` says that it is of the page's own origin."""
    lower = source.lower()
    if lower.startswith("'"):
        return lower == "'self'" and own
    if lower in ("*", f"{parts.scheme}:"):
        return True
    scheme, found, rest = lower.rpartition("://")
    host, slash, path = rest.partition("/")
    if found and scheme != parts.scheme:
        return False
    if host.startswith("*."):
        fits = parts.netloc.endswith(host[1:])
    else:
        fits = host in (parts.netloc, parts.hostname) or host == f"{parts.hostname}:*"
    return fits and (
        not slash
        or path == ""
        or parts.path == f"/{path}"
        or (path.endswith("/") and parts.path.startswith(f"/{path}"))
    )
