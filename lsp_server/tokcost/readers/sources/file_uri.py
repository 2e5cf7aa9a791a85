"""URIs of local files and folders (RFC 8089)."""

import os
from urllib.parse import unquote, urlsplit

from tokcost.model.bounds import is_path


def local_path(address: str) -> str:
    """The path in a `file` URI; empty for any other URI, and for one on another machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    path = unquote(parts.path) if parts.scheme == "file" and parts.netloc in ("", "localhost") else ""
    if os.name == "nt" and path:
        # `file:///C:/folder` has the path `/C:/folder`.
        path = os.path.normpath(path.lstrip("/"))
    return path if is_path(path) else ""
