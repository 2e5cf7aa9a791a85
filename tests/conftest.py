import gc
import os
import signal

import hypothesis
import pytest

# How long an example takes on a busy machine says nothing about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


# A shell has what it starts with `&` ignore Ctrl-C, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a test that waits for git or a server leaves its processor idle."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Look at thousands of tests and their modules no more when garbage is collected: they stay to the end."""
    gc.collect()
    gc.freeze()
