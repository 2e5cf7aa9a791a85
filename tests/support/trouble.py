"""A reader of somebody else that gets into trouble while a hook runs."""

from pathlib import Path

READER = """
import os, re, signal, subprocess, sys, time
from pathlib import Path

class TroubleReader:
    name = "trouble"
    def locations(self, environ):
        if "TROUBLE" in environ:
            exec(environ["TROUBLE"])
        return []
    def discover(self, location): return []
    def read(self, source, cursor): raise OSError
"""


def make_packages(folder: Path) -> Path:
    """A folder of packages with a reader of somebody else, which runs what `TROUBLE` says."""
    (folder / "trouble_reader-1.dist-info").mkdir(parents=True)
    (folder / "trouble_reader.py").write_text(READER)
    entry = "[tokcost.readers]\ntrouble = trouble_reader:TroubleReader\n"
    (folder / "trouble_reader-1.dist-info/entry_points.txt").write_text(entry)
    return folder
