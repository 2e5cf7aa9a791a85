"""A hook of MkDocs: links of a page that leave docs/ lead to the file in the repository."""

import re
from typing import Any

_OUT_OF_DOCS = re.compile(r"\]\(\.\./([^)#]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """The page's text with such links made whole. That the files exist is a test (tests/house/test_docs.py)."""
    base = f"{config.repo_url.rstrip('/')}/blob/HEAD/"
    return _OUT_OF_DOCS.sub(lambda found: f"]({base}{found[1]}{found[2] or ''})", markdown)
