#!/bin/sh
''':'
# Starts tokcost with the Python that it was installed for, ignoring PYTHONPATH and the current folder (-E, -P): Python
# searches both before its own modules, and either may be a repository. The script that pip generates cannot do this,
# because Python has already imported from there when it reads that script. To Python, everything up to the closing
# quotes is one string.

program=$0
case $program in
*/*) ;;
*) program=./$program ;;
esac
while [ -L "$program" ]; do # pipx, uv and users create links to it
  target=$(readlink "$program") || break
  case $target in
  /*) program=$target ;;
  *) program=${program%/*}/$target ;;
  esac
done
folder=${program%/*}

# The installer wrote the path of the interpreter into the first line of the script beside this one or, if that line
# would be too long or contain a space, into the second, as in: exec "/path/to/python" "$0" "$@"
first= second=
{ read -r first && read -r second; } 2>/dev/null <"$folder/tokcost-hook"
case $first in
"#!/bin/sh")
  python=${second#*"exec' "}
  case $python in
  "'"*) python=${python#?} python=${python%%"'"*} ;;
  '"'*) python=${python#?} python=${python%%'"'*} ;;
  *) python=${python%% *} ;;
  esac
  ;;
*) python=${first#"#!"} ;;
esac
[ -x "$python" ] || python=$folder/python # the environment was moved, or is relocatable

if [ -e "$folder/../tokcost/cli/start.py" ]; then # pip install --target: only the script's own folder shows where the modules are
  exec env PYTHONPATH="$folder/.." "$python" -P "$program" "$@"
fi
exec "$python" -E -P "$program" "$@"
'''
from tokcost.cli.start import main

main()
