#!/bin/sh
# Both a shell script, which finds the interpreter in the runfiles and runs this very file with it,
# and the head of Bazel's Python start script, for which the next lines are one string.
''':'
# The user's own packages and start-up files are no part of the program.
unset PYTHONHOME PYTHONSTARTUP
export PYTHONNOUSERSITE=1
interpreter=%python_binary%
case $0 in
  /*) script=$0 ;;
  *) script=$PWD/$0 ;; # the runfiles may be above the folder we are in
esac
while :; do
  # As Bazel's script below: the caller's runfiles, our own, those we lie in, or behind a link.
  for runfiles in "$RUNFILES_DIR" "$script.runfiles" "${script%%.runfiles/*}.runfiles"; do
    if [ -x "$runfiles/$interpreter" ]; then
      exec "$runfiles/$interpreter" "$0" "$@"
    fi
  done
  target=$(readlink "$script") || break
  case $target in
    /*) script=$target ;;
    *) script=$(dirname "$script")/$target ;;
  esac
done
echo "$0: no $interpreter in its runfiles; start it with 'bazel run' or from bazel-bin" >&2
exit 1
# '''
