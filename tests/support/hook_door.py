"""What a hook script starts in a test whose hooks are forked: it asks the process behind `support.warm` to be this one.

`support.warm.hook_program` puts a copy of this file into a folder with the socket and with `state`, which says in what
circumstances that process was made. A hook in other ones (another user, language, limit, namespace, code) is started by
Python as usual: that process could not be the same.
"""

import os
import sys

TYPE_CHECKING = False
"""`typing` takes longer to import than all that is needed here."""
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping


def main(folder: str) -> None:
    """Run a hook, and leave with its exit code."""
    with open(f"{folder}/state", "rb") as stream:
        real, _, state = stream.read().partition(b"\n")
    try:
        forked = ask(f"{folder}/door") if state == circumstances(os.environb) else None
    except OSError:
        forked = None
    if forked is None:
        os.execv(sys.executable, [sys.executable, "-I", "-S", os.fsdecode(real), *sys.argv[1:]])
    try:
        forked.recv(16)  # its number
        code = int(forked.recv(16) or b"1")
    except OSError:  # what has begun is not done again
        code = 1
    os._exit(code if code >= 0 else 128 - code)  # as a shell says it


def circumstances(environ: "Mapping[bytes, bytes]") -> bytes:
    """What decides how Python starts, and what a process may do."""
    decide = (b"LANG", b"LC_", b"LD_", b"TOKCOST_PATH")
    found = [b"%s=%s" % item for item in sorted(environ.items()) if item[0].startswith(decide)]
    spaces = [os.readlink(f"/proc/self/ns/{kind}").encode() for kind in ("mnt", "net", "pid", "user")]
    with open("/proc/self/limits", "rb") as stream:
        return b"\0".join([b"%d" % os.geteuid(), *spaces, stream.read(), *found])


def ask(door: str) -> "socket":
    """Have a process forked; it says its exit code on this socket. Raises `OSError` when none is."""
    import _socket

    umask = os.umask(0o022)
    os.umask(umask)
    fields = [b"%d" % os.getppid(), b"%d" % umask, os.getcwdb(), b"%d" % len(sys.argv[1:])]
    fields += [*map(os.fsencode, sys.argv[1:]), *(b"%s=%s" % item for item in os.environb.items())]
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
    one = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    one.connect(door)
    one.sendmsg([b"\0".join(fields)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    return one


if __name__ == "__main__":
    main(os.path.dirname(sys.argv[0]))
