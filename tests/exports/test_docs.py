"""docs/exports.md says of every column what the code says."""

from support.make_export_tables import PAGE, page


def test_the_page_on_exports_has_every_column_with_its_meaning() -> None:
    # Written anew by: PYTHONPATH=tests python -m support.make_export_tables
    assert PAGE.read_text(encoding="utf-8") == page()
