# Functions for scripts here: `find_python 3.12` prints the path of one that is installed, or nothing.

# One that is only the name of a version which was not chosen, or lacks what an environment needs, is none.
is_python() {
  "$2" -I -c 'import ensurepip, sqlite3, ssl, sys, venv; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$1" \
    2>/dev/null </dev/null
}

# Where a tool keeps Pythons of its own.
others() {
  if command -v pyenv >/dev/null; then
    pyenv versions --bare 2>/dev/null | grep "^$1\.[0-9]*\$" | sort -t. -k3,3nr | while read -r full; do
      echo "$(pyenv root)/versions/$full/bin/python"
    done
  fi
  if command -v uv >/dev/null; then
    UV_PYTHON_DOWNLOADS=never uv python find --no-project "$1" 2>/dev/null
  fi
}

find_python() {
  for one in "python$1" python3 $(others "$1"); do
    if is_python "$1" "$one"; then
      command -v "$one"
      return
    fi
  done
}
