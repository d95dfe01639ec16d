#!/bin/sh
# What a release build says of its source; Bazel runs it at the start of each build with
# --config=release. A key that begins with STABLE_ makes Bazel write the stamp anew when it changes.
set -eu

commit=$(git rev-parse --verify HEAD) || {
  echo "workspace_status.sh: --config=release names the commit, and this is no git checkout;" \
    "build from a clone, or without --config=release" >&2
  exit 1
}
# The user's configuration may leave new files out (status.showUntrackedFiles). Globs do not.
changes=$(git status --porcelain --untracked-files=normal)
echo "STABLE_COMMIT commit $commit${changes:+, with changes}"
