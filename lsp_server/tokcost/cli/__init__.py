"""The command line: parses arguments, shows results."""

from tokcost import import_path

import_path.leave_out_repositories()  # what comes first decides where everything else is imported from
