# shellcheck shell=bash
# Sourced by checks that build a copy of this checkout: $folder, not below /tmp, which the sandbox hides.
folder=$(mktemp -d -p /var/tmp)
workspace=$folder/workspace

# What git does not ignore. A file that is deleted is listed, too. Fetching all packages anew would be
# most of a check's time.
copy_checkout() {
  mkdir "$workspace" "$folder/output"
  git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- --ignore-failed-read --create | tar --extract --directory "$workspace"
  cp -a "$(./bazelw info output_base)/external" "$folder/output"
}

# Bazel there, with a server and outputs of its own.
bazel() { (cd "$workspace" && ./bazelw --output_base="$folder/output" "$@"); }

remove_copy() {
  [[ ! -d $folder/output ]] || bazel clean --expunge
  rm -rf "$folder"
}
