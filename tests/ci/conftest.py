import threading
from collections.abc import Iterator

import pytest

from support.forge import Forge


@pytest.fixture
def forge() -> Iterator[Forge]:
    forge = Forge()
    thread = threading.Thread(target=forge.server.serve_forever)
    thread.start()
    yield forge
    forge.server.shutdown()
    thread.join()
    forge.server.server_close()
