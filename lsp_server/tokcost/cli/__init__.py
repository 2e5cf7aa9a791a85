"""The command line: parses arguments, shows results."""

from tokcost import import_path

import_path.leave_out_repositories()

from tokcost import light  # noqa: E402  (what comes first decides where it is imported from)

light.install()  # before any other module of ours is imported
