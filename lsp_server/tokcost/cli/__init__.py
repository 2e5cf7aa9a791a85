"""The command line: parses arguments and shows results."""

from tokcost import import_path

import_path.leave_out_repositories()  # whichever is imported first decides where everything else is imported from
