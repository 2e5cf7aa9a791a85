"""Digests of content. `hashlib` would load OpenSSL for them, which takes a hook longer than to read the logs."""

try:
    from _blake2 import blake2b
except ImportError:  # not CPython
    from hashlib import blake2b

__all__ = ["blake2b"]
