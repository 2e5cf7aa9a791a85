"""A compressed rollout (zstd), read like an uncompressed one."""

import io

from tokcost.installation import installation

_MAX_WINDOW = 64 << 20
"""The maximum window of zstd without `--ultra` and `--long`, which no assistant uses."""


class Decompressed:
    """The contents of a compressed stream, read in pieces."""

    def __init__(self, stream: io.FileIO) -> None:
        try:
            import zstandard
        except ImportError as missing:
            add = installation().adding(["zstandard>=0.23"])
            raise OSError(f"compressed, and the package that reads it is not installed: {add}") from missing
        # A frame's header decides how much memory its window takes: by default up to 128 MB.
        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        # A file may have several frames (RFC 8878).
        self._plain = decompressor.stream_reader(stream, read_across_frames=True)
        self._errors = (zstandard.ZstdError, MemoryError)

    def read(self, size: int, /) -> bytes:
        """The next bytes; empty at the end. Raises `OSError` if the stream is damaged."""
        try:
            return self._plain.read(size)
        except self._errors as error:
            raise OSError(f"not readable as zstd: {error}") from error
