#!/bin/sh
''':'
# Starts tokcost in the Python that it was installed for, out of reach of PYTHONPATH and of the current folder (-E, -P):
# both stand before the modules of Python itself, and a repository may be there. The script that pip writes cannot say
# that, since Python has imported from there before it reads the first line of it. For Python, all of this is a text.

program=$0
case $program in
*/*) ;;
*) program=./$program ;;
esac
while [ -L "$program" ]; do # pipx, uv and people link to it
  target=$(readlink "$program") || break
  case $target in
  /*) program=$target ;;
  *) program=${program%/*}/$target ;;
  esac
done
folder=${program%/*}

# The installer wrote the interpreter into the first line of the script beside this one or, where that line would be too
# long or have a blank in it, into the second, as in: exec "/path/to/python" "$0" "$@"
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
[ -x "$python" ] || python=$folder/python # an environment that was moved, or that may be

if [ -e "$folder/../tokcost/cli/start.py" ]; then # pip install --target: nothing but its own folder says where it is
  exec env PYTHONPATH="$folder/.." "$python" -P "$program" "$@"
fi
exec "$python" -E -P "$program" "$@"
'''
from tokcost.cli.start import main

main()
