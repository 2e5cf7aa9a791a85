"""The output of `tokcost collect` and `tokcost dataset`."""

from collections.abc import Mapping

from tokcost.model.dataset import Collected, DatasetCheck
from tokcost.model.money import decimal_string
from tokcost.reports.text import counted, escape

Json = dict[str, object]


def collected_lines(found: Collected) -> list[str]:
    """The result of a run in a few sentences."""
    failed = [one for one in found.outcomes if one.problem]
    read = len(found.outcomes) - len(failed)
    lines = [
        f"{counted(read, 'repository', 'repositories')} read through {found.through}:"
        f" {counted(found.claims, 'claim')}, {found.new:,} new or changed since the last run"
    ]
    if found.published:
        lines.append(f"published: {counted(found.published, 'claim')} in {counted(found.cells, 'cell')}")
    if found.waiting:
        lines.append(
            f"waiting: {counted(found.waiting, 'claim')} not in a cell yet, because alone or by subtraction they"
            f" would reveal what one person spent"
        )
    if not found.files:
        lines.append("nothing was written: the dataset is up to date")
    lines += [f"wrote {kind}/{escape(name)}" for kind, name in sorted(found.files.items())]
    if failed:
        lines.append(f"failed: {counted(len(failed), 'repository', 'repositories')}, skipped; the next run tries again")
    return lines


def collected_json(found: Collected) -> Json:
    """The result of a run of `tokcost collect`, for scripts."""
    return {
        "schema": "tokcost.collect/1",
        "through": found.through,
        "repositories": [
            {"repository": one.name, "claims": one.claims, "problem": one.problem or None, "notes": list(one.notes)}
            for one in found.outcomes
        ],
        "claims": found.claims,
        "new": found.new,
        "published": found.published,
        "waiting": found.waiting,
        "cells": found.cells,
        "files": {kind: f"{kind}/{name}" for kind, name in sorted(found.files.items())},
    }


def checked_lines(found: DatasetCheck) -> list[str]:
    """The result of a check, problems last."""
    lines = [
        f"{kind}/: {counted(number, 'file')}, {found.bytes[kind] / 1e6:,.1f} MB"
        for kind, number in sorted(found.files.items())
    ]
    if found.replaced:
        lines.append(f"replaced by compaction but still there: {counted(found.replaced, 'file')}, not counted")
    if found.digest:
        lines.append(
            f"{counted(found.claims, 'claim')} of {counted(found.repositories, 'repository', 'repositories')},"
            f" {found.waiting:,} not all in cells yet"
        )
        asked = f", compared with {found.engine}" if found.engine else ""
        lines.append(f"digest of all sums: {found.digest}{asked}")
    return [
        *lines,
        *(f"problem: {escape(text)}" for text in found.problems),
        *([] if found.problems else ["all is well"]),
    ]


def checked_json(found: DatasetCheck) -> Json:
    """The check of a dataset, for scripts."""
    return {
        "schema": "tokcost.dataset-check/1",
        "files": found.files,
        "bytes": found.bytes,
        "replaced_files": found.replaced,
        "claims": found.claims,
        "waiting": found.waiting,
        "repositories": found.repositories,
        "list_cost": decimal_string(found.list_cost),
        "tokens": found.tokens,
        "digest": found.digest or None,
        "engine": found.engine or None,
        "problems": found.problems,
    }


def compacted_lines(files: Mapping[str, int], cells_out: int, claims_out: int) -> list[str]:
    """The number of files that were merged, and the duplicates that were removed."""
    lines = [
        f"{kind}/: {counted(number, 'file')} merged" if number else f"{kind}/: nothing to merge"
        for kind, number in sorted(files.items())
    ]
    if cells_out:
        lines.append(
            f"removed: {counted(cells_out, 'cell')} that counted claims of other cells again"
            + (f", and {counted(claims_out, 'claim')} that were only in them" if claims_out else "")
        )
    return lines
