"""Where the line goes, held against git itself."""

import os
import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokcost.model.commit_message import add_lines, drop_lines, has_content, lift_lines, marks
from tokcost.model.trailer import Line, format_line, highest, read_message
from tokcost.model.usage import Tokens

LINE = Line("7k3qf9x2m4tc", 1, 2_000_000_000, False, 1_000_000, ("claude-opus-4-5",))
TEXT = format_line(LINE)
OTHER = Line("00000000000z", 3, 5_000_000_000, False, 2_000_000, (), 0, True, Tokens(1_000_000, 0, 0, 0, 1_000_000))


def by_git(message: str, comment: str = "#") -> str:
    command = ["git", "-c", f"core.commentChar={comment}", "-c", "trailer.ifexists=addIfDifferent"]
    done = subprocess.run(
        [*command, "interpret-trailers", "--where", "end", "--trailer", TEXT],
        input=message.encode(),
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.decode()


@pytest.mark.parametrize(
    "message",
    [
        "Add login\n",
        "fix: a title that looks like a trailer\n",
        "Add login\n\nWhy it is needed.\n",
        "Add login\n\nSigned-off-by: A <a@b.c>\n",
        "Add login\n\nWhy.\n\nSigned-off-by: A <a@b.c>\nChange-Id: I0123\n",
        "Add login\n\nWhy.\n\nCo-authored-by: B <b@c.d>\n",
        "Add login\n\nWhy: because.\nnot a trailer\n",
        "Add login\n\nprose\nmore\nSigned-off-by: A <a@b.c>\n",
        "Add login\n\nprose\nmore\nand more\nand\nSigned-off-by: A <a@b.c>\n",
        "Add login\n\nFixes: #12\n continued here\n",
        "Add login\n\n(cherry picked from commit 0123456789)\n",
        "Add login\n\n# Please enter the commit message.\n#\n# On branch main\n",
        "Add login\n\nSigned-off-by: A <a@b.c>\n\n# Please enter the commit message.\n#\n",
        "Add login\n# comment right below\n",
        "Add login\n\n# ------------------------ >8 ------------------------\n# Do not modify\ndiff --git a b\n+x\n",
        "Add login\n\nAcked-by: C\n# ------------------------ >8 ------------------------\n# x\ndiff --git a b\n",
        "Merge branch 'x'\n\n# Conflicts:\n#\tfile\n",
        "Title\n\n\n\n",
        "Title\n\nbody\n\n\nReviewed-by: X\n\n\n",
        "Title\nsecond line of the title: x\n",
        "Title\n\nKey: value\n continued\n\n# comment\n",
    ],
)
def test_the_line_goes_where_git_puts_a_trailer(message: str) -> None:
    assert add_lines(message, [LINE], placement="end").rstrip("\n") == by_git(message).rstrip("\n")


@pytest.mark.parametrize("comment", [";", "@", "%", "|"])
def test_any_comment_character_is_respected(comment: str) -> None:
    message = f"Title\n\nSigned-off-by: A <a@b.c>\n\n{comment} Please enter\n{comment}\n"
    assert add_lines(message, [LINE], comment, "end") == by_git(message, comment)


def without_comments(message: str) -> list[str]:
    """git drops comments from the trailer block it writes; `git commit` drops them anyway."""
    return [line for line in message.rstrip().split("\n") if not line.startswith("#")]


paragraphs = st.lists(
    st.lists(
        st.sampled_from(
            ["prose", "more prose here", "Key: value", "Signed-off-by: A <a@b.c>", " continued", "# comment", "(x) y"]
        ),
        min_size=1,
        max_size=5,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(paragraphs)
@example([["Key: value", "# comment", " continued"]])
def test_in_any_message_the_line_goes_where_git_puts_a_trailer(parts: list[list[str]]) -> None:
    message = "Title\n\n" + "\n\n".join("\n".join(part) for part in parts) + "\n"
    assert without_comments(add_lines(message, [LINE], placement="end")) == without_comments(by_git(message))


def test_an_empty_message_keeps_its_first_line_for_the_title() -> None:
    assert add_lines("\n# Please enter\n", [LINE]) == f"\n\n{TEXT}\n\n# Please enter\n"


def test_a_raised_claim_takes_the_place_of_its_older_version() -> None:
    message = f"Title\n\n{TEXT}\nSigned-off-by: A <a@b.c>\n"
    raised = LINE._replace(version=2, cost=5_000_000_000)
    assert add_lines(message, [raised]) == f"Title\n\n{format_line(raised)}\nSigned-off-by: A <a@b.c>\n"


def test_a_raise_replaces_the_second_line_too() -> None:
    message = f"Title\n\n{format_line(OTHER)}\nAcked-by: A\n"
    raised = OTHER._replace(version=4, tokens=3_000_000, classes=Tokens(2_000_000, 0, 0, 0, 1_000_000))
    assert add_lines(message, [raised]) == f"Title\n\n{format_line(raised)}\nAcked-by: A\n"


def test_lines_of_a_squash_are_lifted_into_one_block_each_id_once() -> None:
    older = format_line(LINE)
    newer = format_line(LINE._replace(version=2))
    message = (
        "Squashed commit of the following:\n\ncommit 0123\nAuthor: A <a@b.c>\n\n    one\n    \n"
        f"    {newer}\n\ncommit 4567\n\n    two\n    \n    {older}\n    Signed-off-by: A <a@b.c>\n"
    ) + "".join(f"    {line}\n" for line in format_line(OTHER).splitlines())
    lifted = lift_lines(message)
    assert highest(read_message(lifted).lines) == highest(read_message(message).lines)
    assert lifted.endswith(f"\n\n{newer}\n{format_line(OTHER)}\n")
    assert "    AI-" not in lifted


def test_foreign_and_damaged_lines_are_left_where_they_are() -> None:
    message = "Title\n\n  AI-Cost: $3\n  AI-Cost: lots; x; y; 7k3qf9x2m4tc\n\nbody\n"
    assert lift_lines(message) == message
    assert drop_lines(message) == message


def test_nothing_to_lift_changes_nothing() -> None:
    assert lift_lines("Title\n\nbody  \n\n\n# c\n") == "Title\n\nbody  \n\n\n# c\n"


def test_a_message_without_its_line_is_what_it_was() -> None:
    for message in ("Title\n", "Title\n\nbody\n\nSigned-off-by: A <a@b.c>\n", "\n# Please enter\n"):
        assert drop_lines(add_lines(message, [LINE, OTHER])).strip() == message.strip()


def test_undecodable_bytes_stay_what_they_are() -> None:
    message = b"caf\xe9\n\nbody \xff\n".decode("utf-8", "surrogateescape")
    assert drop_lines(add_lines(message, [LINE])).encode("utf-8", "surrogateescape").startswith(b"caf\xe9\n\nbody \xff")


@pytest.mark.parametrize(
    ("text", "empty"), [("", True), ("\n\n# c\n", True), ("x\n", False), ("# c\n\n# ----\nx", False)]
)
def test_a_message_of_comments_alone_has_no_content(text: str, empty: bool) -> None:
    assert has_content(text) is not empty


OURS = "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tc"
WRAPPED = "AI-Cost: ~2 USD list; ~1M\n  tokens; claude-opus-4-5; 7k3qf9x2m4tf"
FOREIGN = "AI-Cost: 12 dollars by somebody"
DAMAGED = "AI-Cost: ~2 UDS; ~1M tokens; x; 7k3qf9x2m4td"


def test_foreign_and_damaged_lines_beside_ours_are_not_ours_to_move() -> None:
    text = "\n".join(["Subject", "", OURS, FOREIGN, DAMAGED, WRAPPED, "", "# comment"])
    assert drop_lines(text) == "\n".join(["Subject", "", FOREIGN, DAMAGED, "", "# comment"])


def test_every_line_under_our_key_is_found_where_it_stands() -> None:
    text = "\n".join(["Subject", "", OURS, FOREIGN, DAMAGED, WRAPPED, "", f"# {OURS}"])
    found = [(mark.start, mark.stop, mark.line.id if mark.line else "", bool(mark.damaged)) for mark in marks(text)]
    assert found == [(2, 3, "7k3qf9x2m4tc", False), (3, 4, "", False), (4, 5, "", True), (5, 7, "7k3qf9x2m4tf", False)]


def test_the_second_line_of_an_exact_one_is_no_place_of_its_own() -> None:
    exact = "AI-Cost: 0.0121 USD list; 11504 tokens; x; 7k3qf9x2m4tc\nAI-Tokens: input=1 output=2; 7k3qf9x2m4tc"
    assert [(mark.start, mark.stop) for mark in marks(f"Subject\n\n{exact}\n")] == [(2, 3)]


def test_a_squash_of_thousands_of_lines_keeps_each_once_in_one_block() -> None:
    """A time that grows with the square of their number would be felt here."""
    many = [LINE._replace(id=f"{number:012d}") for number in range(5000)]
    message = "Squashed\n\n" + "".join(f"    {format_line(line)}\n\n    prose\n" for line in many)
    lifted = lift_lines(message)
    assert lifted.endswith("\n\n" + "\n".join(map(format_line, many)) + "\n")
    assert lift_lines(lifted) == lifted
    assert drop_lines(lifted).count("AI-Cost") == 0


def test_two_lines_for_a_message_without_content_stand_together() -> None:
    assert add_lines("\n# c\n", [LINE, OTHER]) == f"\n\n{TEXT}\n{format_line(OTHER)}\n\n# c\n"


@given(st.lists(st.sampled_from([OURS, WRAPPED, FOREIGN, DAMAGED, "AI-Cost:", "AI-Cost:x", f"  {OURS}", "", "a"])))
def test_no_text_under_our_key_is_an_error(parts: list[str]) -> None:
    text = "\n".join(parts)
    ours = {line.id for line in read_message(text).lines}
    assert {line.id for line in read_message(lift_lines(text)).lines} == ours
    marks(text)
    drop_lines(text)


BREAKING = [
    "feat!: x\n\nBREAKING CHANGE: all is new\n",
    "feat: x\n\nbody\n\nBREAKING CHANGE: all is new\nSigned-off-by: A <a@b.c>\n",
    "feat: x\n\nbody\n\nBREAKING-CHANGE: all is new\n",
    "feat: x\n\nbody\n\nBREAKING CHANGE: all is new\n\nIn two paragraphs.\n\nReviewed-by: B\n",
    "feat: x\n\nbody\nBREAKING CHANGE: right below the body\n",
    "feat: x\n\nReviewed-by: B\nBREAKING CHANGE: between trailers\nSigned-off-by: A <a@b.c>\n",
    "feat: x\n\nbreaking change: in lower case\n",
    "feat: x\n\n* BREAKING CHANGE: in a list\n* other\n",
    "feat: x\n\nBREAKING CHANGES\nseveral\n",
]


def notes_of(message: str) -> str:
    """What conventional-commits-parser takes for the text of a note: all that follows its keyword."""
    found = re.search(r"^[\s|*]*BREAKING[ -]CHANGES?[:\s]+(.*)", message, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    assert found is not None
    return found[1].strip()


@pytest.mark.parametrize("message", BREAKING)
@pytest.mark.parametrize("end", ["", "\n# Please enter\n"])
def test_the_text_of_a_breaking_change_is_the_same_with_the_line(message: str, end: str) -> None:
    added = add_lines(message + end, [LINE, OTHER])
    assert notes_of(added) == notes_of(message + end)
    assert {line.id for line in read_message(added).lines} == {LINE.id, OTHER.id}
    assert drop_lines(added).strip() == (message + end).strip()
    raised = add_lines(added, [LINE._replace(version=2)])
    assert raised == added.replace(TEXT, f"{TEXT}.2")
    assert added.partition("\n")[0] == message.partition("\n")[0]


def test_a_breaking_change_in_the_paragraph_of_the_title_is_left_alone() -> None:
    message = "feat: x\nBREAKING CHANGE: no blank line\n"
    assert add_lines(message, [LINE]) == f"{message}\n{TEXT}\n"


def test_a_breaking_change_below_trailers_joins_no_paragraph() -> None:
    message = "feat: x\n\nReviewed-by: B\n\nBREAKING CHANGE: y\n"
    assert add_lines(message, [LINE]) == f"feat: x\n\nReviewed-by: B\n{TEXT}\n\nBREAKING CHANGE: y\n"


@pytest.mark.parametrize(
    "above", ["", "Reviewed-by: B\n", "Signed-off-by: C <c@d.e>\n(cherry picked from commit 0123456789)\n"]
)
def test_a_sign_off_stays_the_last_line(above: str) -> None:
    message = f"Title\n\n{above}Signed-off-by: A <a@b.c>\n"
    added = add_lines(message, [LINE])
    assert added == f"Title\n\n{above}{TEXT}\nSigned-off-by: A <a@b.c>\n"
    assert add_lines(message, [LINE], placement="end") == f"{message}{TEXT}\n"


def test_a_sign_off_below_a_title_that_is_still_to_come_keeps_its_block() -> None:
    message = "\n\nSigned-off-by: A <a@b.c>\n\n# Please enter\n"
    assert add_lines(message, [LINE]) == message.replace("Signed", f"{TEXT}\nSigned")


def test_where_no_comment_is_taken_out_a_message_of_hashes_is_content() -> None:
    assert add_lines("#12 title\n\n#13\n", [LINE], "") == f"#12 title\n\n#13\n\n{TEXT}\n"
    assert has_content("#12 title\n", "")
    assert not has_content("Signed-off-by: A <a@b.c>\n", "")


@pytest.mark.parametrize("width", [40, 50, 60, 72, 80])
@pytest.mark.parametrize("tool", ["fold", "fmt"])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_line_that_was_filled_into_a_paragraph_is_replaced_and_the_rest_stays(
    tool: str, width: int, where: str
) -> None:
    signed = ["Signed-off-by: A <a@b.c>"]
    block = "\n".join([*signed, format_line(OTHER)] if where == "after" else [format_line(OTHER), *signed])
    command = ["fold", "-s", "-w", str(width)] if tool == "fold" else ["fmt", "-w", str(width)]
    done = subprocess.run(command, input=f"Title\n\n{block}\n", capture_output=True, text=True, check=True)
    assert read_message(done.stdout).lines == [OTHER]
    raised = OTHER._replace(version=4)
    text = add_lines(done.stdout, [raised])
    assert read_message(text).lines == [raised]
    assert text.count("AI-Cost") == text.count("AI-Tokens") == 1
    assert "".join(drop_lines(text).split()) == "TitleSigned-off-by:A<a@b.c>"


@pytest.mark.parametrize("prose", [f"The line {OURS[:20]} says little", "See AI-Cost: below", "a; 7k3qf9x2m4tc b: c"])
def test_prose_about_lines_stays_as_it_is(prose: str) -> None:
    message = f"Title\n\n{prose}\n"
    assert read_message(message).lines == []
    assert read_message(message).foreign == 0
    assert drop_lines(message) == message
    assert add_lines(message, [LINE]) == f"{message}\n{TEXT}\n"


OF_OTHERS = [f"AI-Cost: $1.23 by somebody else, {number:04}; claude-opus-4-5" for number in range(300)]


@pytest.mark.parametrize(
    "ours",
    [
        f"* {TEXT}",
        TEXT.upper(),
        TEXT.replace("; claude", ";\nclaude"),
        TEXT.replace("; 7k3q", ";\n\n> 7k3q").replace("\n\n", "\n"),
        TEXT.replace("7k3qf9", "7k3qf9\n  "),
        "\n".join(TEXT.split("; ")),
    ],
)
@pytest.mark.parametrize("at", [0, 150, 300])
def test_a_line_of_ours_is_found_among_many_of_others(ours: str, at: int) -> None:
    """Those of others, which may be 100,000, are not taken apart one by one; they stay as they are."""
    before, behind = "\n".join(OF_OTHERS[:at]), "\n".join(OF_OTHERS[at:])
    text = f"Title\n\n{before}\n\n{ours}\n\n{behind}\n"
    raised = LINE._replace(version=2)
    for changed in (drop_lines(text), lift_lines(text, [raised])):
        assert [one for one in changed.split("\n") if one in OF_OTHERS] == OF_OTHERS
    assert read_message(drop_lines(text)).lines == []
    assert read_message(lift_lines(text, [raised])).lines == [raised]
    assert {one.id for one in read_message(add_lines(text, [raised])).lines} == {LINE.id}


def test_a_message_with_lines_of_others_alone_is_as_it_was_without_ours() -> None:
    text = "Title\n\n" + "\n".join(OF_OTHERS) + "\n"
    assert drop_lines(text) == lift_lines(text) == text
    assert drop_lines(add_lines(text, [LINE])) == text
