"""The only place that uses the network: over HTTPS, with a provider's documented host only.

Redirects are not followed, so that a key is sent nowhere else. Certificates are verified, and the proxies of the
environment (`HTTPS_PROXY`, `NO_PROXY`) are used. The size and the time of an answer are limited, a provider's request
to wait is respected within limits, and no part of an answer is quoted: some repeat part of the key, or name people.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.installation import installation
from tokcost.reconciliation.deadline import Late, within
from tokcost.reconciliation.documents import NOTHING, Ask

if TYPE_CHECKING:
    import httpx2

OVERRIDE = "TOKCOST_RECONCILE_URL"
_LOOPBACK = re.compile(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost")
_MOST_BYTES = 16 << 20
_MOST_BYTES_OF_ERRORS = 1 << 16
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 30.0
_REQUEST_SECONDS = 60.0
_MOST_WAIT = 60.0
"""Maximum seconds that one answer may ask to wait; all of them together may take twice as long."""
_TRIES = 5
_WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait if a busy provider does not say how long."""
_PROXY = "A proxy may have answered instead: check HTTPS_PROXY."

Say = Callable[[str], None]


class _Answer(NamedTuple):
    status: int
    body: bytes
    retry_after: str

    @property
    def may_pass(self) -> bool:
        """Whether the same query may succeed later. GitHub also answers 403 to too many queries."""
        return self.status == 429 or self.status >= 500 or (self.status == 403 and self.retry_after != "")


class _TooLarge(Exception):
    """An answer is larger than any bill."""


class Wire:
    """The connection to one provider, a context manager."""

    def __init__(self, host: str, environ: Mapping[str, str], say: Say) -> None:
        self.host = host
        self._say = say
        self._waited = 0.0
        self._is_late = False
        override = environ.get(OVERRIDE, "")
        self._base = _checked(override) if override else f"https://{host}"
        self._client = _client(uses_proxies=not override)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_late:  # otherwise a thread still uses it, and closes it when it is done
            self._client.close()

    def get(self, ask: Ask, headers: Mapping[str, str]) -> bytes:
        """The body of the answer. Raises `EnvironmentProblem`."""
        for number in range(_TRIES):
            is_last = number == _TRIES - 1
            answer = self._tried(ask, headers, is_last)
            if answer is not None and answer.status == 200:
                return answer.body
            if answer is not None and (is_last or not answer.may_pass):
                raise self._refused(answer)
            self._wait(_WAITS[min(number, len(_WAITS) - 1)] if answer is None else _wanted(answer, number))
        raise AssertionError("the last try answers or raises")

    def _tried(self, ask: Ask, headers: Mapping[str, str], is_last: bool) -> _Answer | None:
        """One attempt; `None` if the connection broke and the next attempt may succeed."""
        import httpx2

        try:
            # httpx limits each read, not their sum, and looking up a name has no limit at all: an answer that drips
            # would not end.
            return within(_REQUEST_SECONDS, lambda: self._once(ask, headers), late=self._client.close)
        # From here on without a cause: the text of a library's error may quote the request or the answer.
        except _TooLarge:
            raise EnvironmentProblem(
                f"{self.host} answers with more than {_MOST_BYTES >> 20} MiB, more than a page of a bill can have",
                f"{NOTHING} {_PROXY}",
            ) from None
        except (Late, httpx2.TimeoutException) as error:
            self._is_late = isinstance(error, Late)
            raise EnvironmentProblem(f"{self.host} did not answer in time", f"{NOTHING} Try again later.") from None
        except (httpx2.RemoteProtocolError, httpx2.ReadError):
            if is_last:
                raise EnvironmentProblem(
                    f"the answer of {self.host} was incomplete, {_TRIES} times", f"{NOTHING} Try again later."
                ) from None
            return None
        except httpx2.DecodingError:
            raise EnvironmentProblem(
                f"the answer of {self.host} cannot be decompressed", f"{NOTHING} {_PROXY}"
            ) from None
        except httpx2.ProxyError:
            raise EnvironmentProblem(
                f"the proxy refuses a connection to {self.host}",
                "Allow it in the proxy, set another proxy in HTTPS_PROXY, or bypass it with NO_PROXY.",
            ) from None
        except httpx2.ConnectError as error:
            raise _not_connected(self.host, error) from None
        # Last, since it is the base class of most errors above.
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise EnvironmentProblem(
                f"the request to {self.host} failed ({type(error).__name__})", f"{NOTHING} Try again later. {_PROXY}"
            ) from None

    def _once(self, ask: Ask, headers: Mapping[str, str]) -> _Answer:
        until = time.monotonic() + _REQUEST_SECONDS
        # Compressed, a small part could expand to any size before its bytes are counted.
        asked = {**headers, "accept-encoding": "identity", "user-agent": "tokcost"}
        with self._client.stream("GET", self._base + ask.path, params=list(ask.params), headers=asked) as response:
            parts: list[bytes] = []
            # Of an error, only one word is looked for (`_refused`): its text is never shown.
            left = _MOST_BYTES if response.status_code == 200 else _MOST_BYTES_OF_ERRORS
            for part in response.iter_bytes():
                if time.monotonic() > until:
                    raise TimeoutError  # it was given up before: nobody hears this, and the connection is closed
                left -= len(part)
                if left < 0 and response.status_code == 200:
                    raise _TooLarge
                if left < 0:
                    break
                parts.append(part)
            return _Answer(response.status_code, b"".join(parts), response.headers.get("retry-after", ""))

    def _wait(self, seconds: float) -> None:
        self._waited += seconds
        if seconds > _MOST_WAIT or self._waited > 2 * _MOST_WAIT:
            raise EnvironmentProblem(
                f"{self.host} requires a wait of {seconds:,.0f} seconds", f"{NOTHING} Try again after that."
            )
        if seconds > 1:
            self._say(f"{self.host} requires a wait of {seconds:,.0f} seconds")
        time.sleep(seconds)

    def _refused(self, answer: _Answer) -> EnvironmentProblem:
        status, host = answer.status, self.host
        if b"hipaa" in answer.body.lower():
            return EnvironmentProblem(
                f"{host} does not report costs of organizations with HIPAA readiness",
                "Its console shows them: compare by hand with `tokcost log --by model`.",
            )
        if 300 <= status < 400:
            return EnvironmentProblem(
                f"{host} redirects elsewhere (HTTP {status}), which tokcost does not follow",
                "A network that requires a login does this: sign in with a browser, then run the command again.",
            )
        told = {
            400: (
                f"{host} does not understand the request (HTTP 400)",
                f"A newer tokcost may send another request: {installation().upgrade}",
            ),
            401: (
                f"{host} does not accept the key (HTTP 401)",
                "Check that it is complete, belongs to this provider and is not revoked, then enter it again:"
                " tokcost reconcile login PROVIDER.",
            ),
            403: (
                f"{host} does not let this key see bills (HTTP 403)",
                "Use a key with the permission that docs/reconcile.md names: tokcost reconcile login PROVIDER.",
            ),
            404: (
                f"{host} has no such bill, or hides it from this key (HTTP 404)",
                "Individual accounts have none. For an organization, use a key of an administrator.",
            ),
            429: (f"{host} received too many requests (HTTP 429)", f"{NOTHING} Try again later."),
        }
        if status >= 500:
            return EnvironmentProblem(f"{host} has a problem (HTTP {status})", f"{NOTHING} Try again later.")
        unknown = (f"{host} answers with HTTP {status}, not with a bill", f"{NOTHING} Try again later. {_PROXY}")
        return EnvironmentProblem(*told.get(status, unknown))


def _checked(url: str) -> str:
    """The address of a server on this machine, for tests. Any other server would get the key."""
    parts = urlsplit(url)
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    try:
        if parts.scheme == "http" and _LOOPBACK.fullmatch(parts.hostname or "") and parts.port and is_bare:
            return url.rstrip("/")
    except ValueError:  # no port
        pass
    raise UsageError(
        f"{OVERRIDE} is not the address of a server on this machine",
        "It is only for tests, for example http://127.0.0.1:8080; unset it to use the provider.",
    )


def _client(uses_proxies: bool) -> "httpx2.Client":
    try:
        import httpx2
    except ImportError:
        raise EnvironmentProblem(
            "tokcost reconcile needs the package httpx2, in the extra tokcost[reconcile]",
            f"Run `{installation().adding(['httpx2'])}`.",
        ) from None
    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    try:
        # The server of a test is on this machine, and a proxy could not reach it.
        return httpx2.Client(timeout=timeout, trust_env=uses_proxies, follow_redirects=False)
    except (ImportError, ValueError, OSError):  # a proxy's address, or SSL_CERT_FILE
        raise EnvironmentProblem(
            "the proxy or the certificates that the environment names cannot be used",
            "Correct or unset HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


def _wanted(answer: _Answer, number: int) -> float:
    """The seconds to wait requested by the provider, as a number or as a time."""
    said = answer.retry_after.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", said, re.ASCII):
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
        return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return _WAITS[min(number, len(_WAITS) - 1)]


def _not_connected(host: str, error: Exception) -> EnvironmentProblem:
    # httpx has no error class of its own for certificates; OpenSSL's reason is in the text.
    if "CERTIFICATE" in str(error).upper():
        return EnvironmentProblem(
            f"the certificate of {host} is not trusted, so nothing was sent",
            "Behind a proxy that inspects connections, set its certificates in SSL_CERT_FILE.",
        )
    return EnvironmentProblem(
        f"{host} cannot be reached", "Check this machine's connection, or set a proxy in HTTPS_PROXY."
    )
