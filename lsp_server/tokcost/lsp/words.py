"""The user's language, for texts of the server.

Catalogues have VS Code's format, which maps each English text to a translation (`bundle.l10n.de.json`), and are chosen
by the locale that the client names. A text is in English if the catalogue lacks it, or if its placeholders differ, so
that a figure would get lost. A problem with a catalogue is reported once, and stops nothing.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from tokcost.files.foreign import read_bounded
from tokcost.reports.words import PLACE, Say, english, filled

SHIPPED = Path(__file__).parent / "l10n"
"""The catalogues that come with tokcost; `bundle.l10n.json` has every text, for translators."""
TRIED = "l10n"
"""A folder of catalogues beside the ledger, which take precedence: a translation can be tried without being
packaged."""

_LOCALE = re.compile(r"[a-z0-9]{1,8}(?:-[a-z0-9]{1,8}){0,4}")


class Words(NamedTuple):
    """Texts in a language."""

    say: Say = english
    problem: str = ""
    """A sentence about the catalogue if it cannot be used completely."""


def words_for(locale: str | None, folders: Iterable[Path]) -> Words:
    """The texts in the language of a locale (`de-AT`, then `de`), from the first folder that has a catalogue for it;
    English if there is none."""
    places = list(folders)
    for language in _languages(locale or ""):
        for folder in places:
            if path := _catalogue(folder, language):
                return _read(path)
    return Words()


def _languages(locale: str) -> Iterator[str]:
    """The locale and its less specific forms: clients write `pt-br`, systems `pt_BR.UTF-8`."""
    name = re.split(r"[.@]", locale)[0].replace("_", "-").lower()
    while _LOCALE.fullmatch(name):
        yield name
        name = name.rpartition("-")[0]


def _catalogue(folder: Path, language: str) -> str | None:
    """The path of an existing catalogue; the client's text is never used to build a path."""
    wanted = f"bundle.l10n.{language}.json"
    try:
        return next((os.path.join(folder, name) for name in os.listdir(folder) if name.lower() == wanted), None)
    except OSError:
        return None


def _read(path: str) -> Words:
    name = os.path.basename(path)
    try:
        found: Any = json.loads(read_bounded(path))
    # Deeply nested brackets end json in a RecursionError.
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Words(problem=f"the translation {name} cannot be read: its texts are shown in English")
    entries = cast(dict[str, Any], found)
    known = {text: said for text, said in entries.items() if _fits(text, said)}
    unfit = len(entries) - len(known)

    def say(text: str, /, *values: object) -> str:
        return filled(known.get(text, text), values)

    if not unfit:
        return Words(say)
    return Words(say, f"{unfit} of the texts in {name} lack or add a placeholder: these are shown in English")


def _fits(text: str, said: Any) -> bool:
    return isinstance(said, str) and said != "" and set(PLACE.findall(said)) == set(PLACE.findall(text))
