"""The program that our hook scripts run: `python -I -S run.py HOOK ARGUMENTS…`, with the import folders in
`TOKCOST_PATH`; and `tokcost-hook HOOK ARGUMENTS…`, for managers that install us into an environment of their own.

Python compiles this file anew each time, so it only locates the rest. Whatever happens, git goes on.
"""

import os
import sys


def main() -> None:
    """Run one hook and exit."""
    # An empty name would be the current folder: nothing must ever be imported from the user's repository.
    said = os.environ.pop("TOKCOST_PATH", None)
    if said is None:  # no script of ours has chosen the folder of notes: `tokcost.claims.notes_folder` does
        os.environ["TOKCOST_NOTES"] = "choose"
    folders = [folder for folder in (said or "").split(os.pathsep) if folder]
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        sys.path.insert(0, ours)  # found at once; other packages there must not shadow Python's own
        from tokcost_hooks.start import main

        sys.path[:] = [*sys.path[1:], *folders, ours]
        main()
    except BaseException as problem:
        if sys.stderr is not None:
            reason = str(problem).encode("unicode_escape")
            os.write(2, b"tokcost: a hook could not start (%s); 'tokcost hooks install' repairs it.\n" % reason)
    finally:
        # Reached only if `main`, which exits itself, could not be imported.
        os._exit(0)


if __name__ == "__main__":
    main()
