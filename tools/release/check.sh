#!/usr/bin/env bash
# What docs/releases.md says: a release names its commit and verifies, no other build depends on one.
set -euo pipefail
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/../.."

commit=$(git rev-parse --verify HEAD) || {
  echo "check.sh: no release can be made here, as this is no git checkout; nothing is checked" >&2
  exit 0
}
./bazelw test --config=release //tests/build:test_version
programs=$(./bazelw query 'kind("py_binary rule", //services/... + //client)' 2>/dev/null)
for program in $programs; do
  version=$(./bazelw run --config=release "$program" -- --version)
  echo "$version"
  [[ $version == *"(commit $commit"* ]] || {
    echo "$program names another commit than $commit" >&2
    exit 1
  }
done
stamped=$(./bazelw aquery --output=text 'inputs(".*-status[.]txt", //...)' 2>/dev/null)
[[ -z $stamped ]] || {
  printf 'actions of a build without --config=release depend on the state of git:\n%s\n' "$stamped" >&2
  exit 1
}
echo "no action of a build without --config=release depends on the state of git"
if [[ -n $(git status --porcelain --untracked-files=normal) ]]; then
  echo "check.sh: no release can be made of a checkout with changes; its files are not checked" >&2
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
./bazelw run --config=release //tools:release -- "$folder/release"
cd "$folder/release"
sha256sum --check SHA256SUMS
