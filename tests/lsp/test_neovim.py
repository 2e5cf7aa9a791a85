"""A real Neovim with the status line of docs/editors.md."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.editor import PATIENCE
from support.hooked import Hooked

DOCS = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")
STATUS_LINE = re.findall(r"^```lua\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)[0]

SCRIPT = """
local out = {}
local function wait(what, found)
  if not vim.wait(60000, found, 50) then out.missing = what end
end
local ok, why = pcall(function()
  vim.cmd("edit " .. REPO .. "/file")
  local client = vim.lsp.start_client({
    name = "tokcost", cmd = SERVER, root_dir = REPO,
    workspace_folders = { { uri = vim.uri_from_fname(REPO), name = "repo" } },
  })
  vim.lsp.buf_attach_client(0, client)
  wait("first figure", function() return _G.tokcost():match("^%$0%.0") end)
  local first = _G.tokcost()
  out.first = vim.api.nvim_eval_statusline(vim.o.statusline, { maxwidth = 60 }).str
  local line = io.open(LINE):read("*a")
  local log = io.open(LOG, "a"); log:write(line); log:close()
  wait("second figure", function() return _G.tokcost() ~= first end)
  out.second = _G.tokcost()
  vim.cmd("edit " .. REPO .. "/.git/COMMIT_EDITMSG")
  vim.bo.filetype = "gitcommit"
  vim.lsp.buf_attach_client(0, client)
  local document = vim.lsp.util.make_text_document_params()
  local function ask(method, params)
    local answers = vim.lsp.buf_request_sync(0, method, params, 60000)
    return answers and answers[client] and answers[client].result
  end
  local row = vim.fn.search("^AI-Cost") - 1
  out.hover = ask("textDocument/hover", { textDocument = document, position = { line = row, character = 2 } })
  out.lens = ask("textDocument/codeLens", { textDocument = document })
  vim.lsp.stop_client(client)
end)
if not ok then out.error = tostring(why) end
local file = io.open(ANSWER, "w"); file:write(vim.json.encode(out)); file:close()
vim.cmd("qall!")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvim") is None, reason="needs Neovim: apt install neovim")
def test_neovim_shows_the_figure_and_explains_a_commit_message(agreed: Hooked, tmp_path: Path) -> None:
    agreed.work()
    (agreed.path / ".git/COMMIT_EDITMSG").write_text(agreed.message() + "\n")
    agreed.spend()
    log = agreed.home / ".claude/projects/repo/session-1.jsonl"
    size = log.stat().st_size
    agreed.spend()
    (tmp_path / "line").write_bytes(log.read_bytes()[size:])
    with log.open("ab") as stream:
        stream.truncate(size)
    program = [sys.executable, "-P", "-c", "from tokcost.cli.start import main; main()", "lsp"]
    values = {
        "REPO": str(agreed.path),
        "LOG": str(log),
        "LINE": str(tmp_path / "line"),
        "ANSWER": str(tmp_path / "out"),
    }
    known = "".join(f"local {name} = {json.dumps(value)}\n" for name, value in values.items())
    server = f"local SERVER = {{ {', '.join(json.dumps(word) for word in program)} }}\n"
    (tmp_path / "test.lua").write_text(known + server + STATUS_LINE + SCRIPT)
    command = ["nvim", "--headless", "-n", "-u", "NONE", "-i", "NONE", "-c", f"luafile {tmp_path / 'test.lua'}"]
    state = {name: str(tmp_path / "xdg") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    done = subprocess.run(command, env=agreed.environ | state, capture_output=True, timeout=4 * PATIENCE, check=False)
    assert (tmp_path / "out").exists(), done.stderr.decode()
    found = json.loads((tmp_path / "out").read_text())
    assert "error" not in found, found
    assert "missing" not in found, found
    assert re.search(r"file +\$0\.0\d+", found["first"])
    assert found["second"].startswith("$0.0")
    assert "Yours, exactly" in found["hover"]["contents"]["value"]
    assert "this commit carries $0.0" in found["lens"][0]["command"]["title"]
