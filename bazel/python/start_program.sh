#!/bin/sh
# Both a shell script, which finds the interpreter in the runfiles and runs the program with it, and
# the head of Bazel's Python start script, for which the next lines are one string. Bazel's runs
# where the program is a zip file. Elsewhere it would cost a second start of Python, and put each
# repository on the import path: 30 places to look for each module.
''':'
# The user's own library, packages and start-up files are no part of the program, and its exit code
# is its own. What a person sets to look into a program (PYTHONDEVMODE, PYTHONWARNINGS) holds.
unset PYTHONHOME PYTHONINSPECT PYTHONPATH PYTHONPLATLIBDIR PYTHONSTARTUP
export PYTHONNOUSERSITE=1
# Bazel's script cannot do without stdout. One that cannot be written is in place of one that is
# closed: what a program has to say there is lost, and must not look as if it had been said.
true 2>/dev/null 3>&1 || exec 1</dev/null
# Python aborts over a folder as stdin. Over one that is closed a program can say what it wants.
[ ! -d /dev/fd/0 ] || exec 0<&-
interpreter=%python_binary%
# As a module, rules_python says it in the second place; as a WORKSPACE's, it knows the first only.
[ -n "$interpreter" ] || interpreter=%python_binary_actual%
main='%main%'
imports='%imports%'
coverage_tool=%coverage_tool% # of the runfiles; nothing but under `bazel coverage`
# By this name for us and our children.
[ -z "$COVERAGE_DIR" ] || export COVERAGE_DIRECTORY="$COVERAGE_DIR"
case $0 in
  /*) script=$0 ;;
  *) script=$PWD/$0 ;; # the runfiles may be above the folder we are in
esac
while :; do
  # Our own runfiles, those we lie in, the caller's, or behind a link. A caller's may lack our packages,
  # which the script of rules_python does not look at: it is told which to take.
  for runfiles in "$script.runfiles" "${script%%.runfiles/*}.runfiles" "$RUNFILES_DIR"; do
    if [ -x "$runfiles/$interpreter" ] && [ -e "$runfiles/$main" ]; then
      PYTHONPATH=$runfiles/%workspace_name%
      IFS=:
      for import in $imports; do
        PYTHONPATH=$PYTHONPATH:$runfiles/$import
      done
      unset IFS
      if [ -n "$coverage_tool" ] && [ -n "$COVERAGE_DIRECTORY" ]; then
        PYTHONPATH=$PYTHONPATH:$runfiles/${coverage_tool%/*}
      fi
      export PYTHONPATH PYTHONSAFEPATH=1 RUNFILES_DIR="$runfiles"
      exec "$runfiles/$interpreter" "$runfiles/$main" "$@"
    fi
  done
  target=$(readlink "$script") || break
  case $target in
    /*) script=$target ;;
    *) script=$(dirname "$script")/$target ;;
  esac
done
echo "$0: no $interpreter in its runfiles; start it with 'bazel run', or build it with --build_runfile_links" >&2
exit 1
# '''
