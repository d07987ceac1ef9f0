"""A reader of the pages that grading makes."""

from __future__ import annotations

from html.parser import HTMLParser


class Parsed(HTMLParser):
    """What a browser would make of a page, as far as these tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[str] = []  # the words of each table row
        self._text = ""
        self.feed(html)
        self.words = " ".join(self._text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data: str) -> None:
        self._text += f" {data}"
        if self.rows:
            self.rows[-1] += f" {data}"

    @property
    def attributes(self) -> list[tuple[str, str | None]]:
        return [pair for _, attributes in self.tags for pair in attributes.items()]

    def part(self, start: str, end: str) -> str:
        """The words from one heading to the next."""
        begin = self.words.index(start)
        return self.words[begin : self.words.index(end, begin)]
