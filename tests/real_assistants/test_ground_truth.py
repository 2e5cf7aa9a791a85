"""Real assistants work in a real repository, with a model server on loopback that knows what it billed and on which
branch; `tokcost log` must say the same, to the token.

`make assistants` installs them from the npm registry, in the versions of npm/package.json.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from real_assistants.lab import Lab
from real_assistants.mock_models import ModelServer

pytestmark = pytest.mark.assistants


def test_tool_calls_count_on_the_branch_where_each_was_asked_also_when_the_agent_switches(lab: Lab) -> None:
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        lab.works(server, "sh true; sh git switch -q feat/b; sh true; text")
    assert lab.told() == lab.billed(server)
    assert set(lab.told()) == {"feat/a", "feat/b"}


def test_a_session_that_goes_on_on_another_branch_belongs_to_both(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.git("switch", "-q", "feat/a")
        lab.works(server, "sh true; text")
        lab.git("switch", "-q", "feat/b")
        lab.works(server, "sh true; text", resume=lab.assistant.resumes)
    assert lab.told() == lab.billed(server)


def test_a_second_look_finds_only_what_is_new(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.works(server, "text")
        assert lab.told() == lab.billed(server)
        lab.works(server, "sh true; text", resume=lab.assistant.resumes)
        assert lab.told() == lab.billed(server)


def test_calls_that_failed_and_were_tried_again_count_once(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        server.failing = [503, 500]
        lab.works(server, "sh true; text")
    assert lab.told() == lab.billed(server)


def test_two_sessions_at_once_in_two_worktrees_do_not_mix(lab: Lab, tmp_path: Path) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.git("worktree", "add", "-q", str(tmp_path / "other"), "feat/b")
    with ModelServer(lab.repo, tmp_path / "other") as server, ThreadPoolExecutor() as at_once:
        first = at_once.submit(lab.works, server, "sh true; sh true; text")
        second = at_once.submit(lab.works, server, "sh true; text", tmp_path / "other")
        first.result()
        second.result()
    assert lab.told() == lab.billed(server)


def test_what_a_sub_agent_spent_counts_on_the_branch_of_its_session(lab: Lab) -> None:
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        (lab.repo / "pause.sh").write_text("sleep 3\n")  # some refuse to sleep at a model's word
        lab.works(server, "agent; sh sh pause.sh; text")  # some sub-agents work in the background
    if len(server.calls) < 5:
        pytest.skip(f"{lab.assistant.name} offered no sub-agent")
    assert lab.told() == lab.billed(server)


def test_each_response_has_the_model_that_answered_it(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.works(server, "text")
        lab.works(server, "text", resume=lab.assistant.resumes, model=lab.assistant.other_model)
    assert lab.told() == lab.billed(server)
    assert lab.models() == Counter(call.model for call in lab.logged(server))


def test_work_in_a_subfolder_belongs_to_the_branch_of_its_worktree(lab: Lab) -> None:
    (lab.repo / "src" / "deep").mkdir(parents=True)
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        lab.works(server, "sh true; text", lab.repo / "src" / "deep")
    assert lab.told() == lab.billed(server)
