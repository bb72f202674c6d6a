"""Follow every link within the built site: `python docs/check_links.py docs/_build/html`.

Sphinx checks the references that it makes; this checks what came out, with pictures, anchors and
the theme's own links. Links to other sites are not followed.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors and links of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = {"", "top"}
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called and where it points."""
        for name, value in attrs:
            if value and (name == "id" or (tag == "a" and name == "name")):
                self.anchors.add(value)
            elif value and name in ("href", "src"):
                self.links.append(value)


def broken_links(root: Path) -> list[str]:
    """Return a line for each link within the site that leads nowhere."""
    own = (path for path in sorted(root.rglob("*.html")) if path.parent.name != "_static")
    pages = {path.resolve(): Page(path) for path in own}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                broken.append(f"{path.relative_to(root.resolve())}: no file {link}")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                broken.append(f"{path.relative_to(root.resolve())}: no anchor {link}")
    return broken


if __name__ == "__main__":
    lines = broken_links(Path(sys.argv[1]))
    print("\n".join(lines) or "all links within the site lead somewhere")
    sys.exit(bool(lines))
