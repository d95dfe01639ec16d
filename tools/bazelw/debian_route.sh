#!/usr/bin/env bash
# Unpacks Bazel, its rule sets and CPython 3.11 from Debian's packages into a folder and makes them
# run there; then starts COMMAND, which is the bazelw that has found something missing:
# debian_route.sh FOLDER VERSION CERTIFICATE-AUTHORITIES TRUST-STORE COMMAND…
#
# Needs no root and leaves the host as it is: apt-get works on private folders, with the host's own
# mirror and keyring. The folder appears in one piece (a rename) or not at all.
set -Eeuo pipefail

readonly prefix=$1 version=$2 authorities=$3 trust_store=$4
readonly work=$prefix.partial
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
readonly here

# Package=upstream version. Debian's revision may differ, what is upstream's may not: WORKSPACE
# pins the same versions for the GitHub route.
readonly wanted=(
  "bazel-bootstrap=$version" "bazel-bootstrap-data=$version"
  bazel-skylib=1.9.1 bazel-features=1.11.0 bazel-rules-cc=0.0.11
  bazel-rules-proto=6.0.0 bazel-rules-python=0.22.1 bazel-rules-proto-grpc=5.8.0
)
readonly java=openjdk-25-jre-headless
# What Debian's packages depend on and Bazel does not: compilers, the JDK, Perl, other languages'
# rules, the base system. Left out of the download.
readonly unneeded='^(openjdk-25-jdk-headless|default-j.*|gcc-.*|gcc|g\+\+.*|cpp.*|perl.*|libperl.*|.*-dev|libc-dev-bin|binutils.*|libbinutils|lib(asan|tsan|lsan|ubsan|hwasan|gprofng|sframe|itm|quadmath|gomp|cc1|isl|mpc|mpfr|gmp|ctf|gdbm|pam|audit|cap-ng|mount|blkid|smartcols|systemd|proc2).*|dpkg-dev|libdpkg-perl|build-essential|make|patch|python3.*|libpython3.*|rust-coreutils|coreutils.*|bazel-rules-rust|bazel-stardoc|bats.*|procps|util-linux|debconf|tzdata|media-types|netbase|libjs-.*|node-.*|bzip2|xz-utils|zstd|openssl|async-profiler.*|libasync-.*|readline-common)$'
# bookworm is the last suite with CPython 3.11; its libraries come along, so that the interpreter
# is the same beside any host's. patchelf is here because a host may lack it.
readonly python_suite=bookworm
readonly python_packages=(
  python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
  libbz2-1.0 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8
  libsqlite3-0 libssl3 libtinfo6 libuuid1 zlib1g patchelf
)
readonly needed_kb=1000000 # packages and their contents side by side, at the worst moment

main() {
  trap 'failed $LINENO' ERR
  check_place
  exec 9>"$prefix.lock"
  flock --nonblock 9 || { say "waiting for another bazelw that is at work in ${prefix%/*}" && flock 9; }
  [[ -x $prefix/usr/bin/bazel ]] || install_prefix
  [[ -e $trust_store ]] || write_trust_store
  exec 9>&- "${@:5}"
}

install_prefix() {
  check_host
  remove_leftovers
  trap 'rm -rf "$work"' EXIT
  mkdir "$work"
  say "getting Bazel $version from Debian's packages, once, into $prefix"
  configure_apt
  download
  unpack
  adapt_bazel
  adapt_java
  lay_out_python
  lay_out_absent
  write_flags
  rm -rf "$work/apt" "$work/debs" "$prefix"
  mv "$work" "$prefix"
  say "done in $SECONDS s: $(du -sm "$prefix" | cut -f1) MB"
}

say() { printf 'bazelw: %s\n' "$*" >&2; }
fail() {
  printf 'bazelw: %s\n' "$@" >&2
  exit 1
}

failed() {
  ((BASH_SUBSHELL == 0)) || exit 1 # who has started the subshell comes here as well
  say "step at line $1 of tools/bazelw/debian_route.sh failed; nothing half done is left in use."
  say "Usual causes: a full disk ($(df --output=avail -h "${prefix%/*}" | tail -1 | tr -d ' ') free), a lost network."
  fail "Run the command again, or use the other route: install Bazelisk and BAZELW_ROUTE=github."
}

# It becomes part of search paths, of sed's commands and of a file of flags.
check_place() {
  [[ $prefix == /* && $prefix != *[[:space:]:\&\#\'\"\\]* ]] ||
    fail "the cache ${prefix%/*} has to be an absolute path without spaces, quotes, colons, &, # and \\; set XDG_CACHE_HOME to another folder."
  mkdir -p "${prefix%/*}" && [[ -w ${prefix%/*} && (! -e $prefix.lock || -w $prefix.lock) ]] ||
    fail "cannot write to ${prefix%/*}, which may be another user's; set XDG_CACHE_HOME to a folder of your own."
}

# What a process that was killed has left, of this installer or another, unless it is at work.
remove_leftovers() {
  local folder
  rm -rf "$work"
  for folder in "${prefix%/*}"/debian-*.partial; do
    [[ -d $folder ]] || continue # there is none
    flock --nonblock "${folder%.partial}.lock" rm -rf "$folder" || true
  done
}

check_host() {
  [[ $(dpkg --print-architecture) == amd64 ]] ||
    fail "the Debian route is for amd64; this is $(dpkg --print-architecture). Install Bazelisk and use BAZELW_ROUTE=github."
  [[ $prefix != /tmp/* ]] ||
    fail "the cache ${prefix%/*} lies under /tmp, which Bazel's sandbox hides; set XDG_CACHE_HOME to another folder."
  local free
  free=$(df --output=avail -k "${prefix%/*}" | tail -1)
  ((free >= needed_kb)) ||
    fail "$((free / 1024)) MB are free in ${prefix%/*}, $((needed_kb / 1024)) MB are needed; free some, or set XDG_CACHE_HOME to another folder."
}

# --- packages -----------------------------------------------------------------------------------

# apt-get and apt-cache on folders of our own.
apt() {
  local folder=$work/apt
  # Valid-Until: a mirror may be a frozen one; the versions are exact anyway.
  "apt-$1" -c "$here/private_apt.conf" -o Dir::State="$folder" -o Dir::State::lists="$folder/lists" \
    -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" \
    -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences="$folder/preferences" -o Dir::Etc::preferencesparts=/dev/null \
    -o APT::Default-Release= -o Acquire::Check-Valid-Until=false "${@:2}"
}

configure_apt() {
  mkdir -p "$work"/apt/{lists/partial,cache/archives/partial,empty/partial} "$work/debs"
  : >"$work/apt/status"
  pins >"$work/apt/preferences"
  local mirrors mirror suites
  mapfile -t mirrors < <(host_mirrors)
  ((${#mirrors[@]})) || fail "apt's sources name no Debian mirror with a suite that has main; add one, or use BAZELW_ROUTE=github."
  while read -r mirror suites; do
    read_lists "$mirror" "$suites"
    [[ -z $(apt cache madison bazel-bootstrap) ]] || break
  done < <(printf '%s\n' "${mirrors[@]}")
}

read_lists() { # MIRROR SUITES
  # The host's suites first: what is the same version there and further on is taken from there.
  write_sources "$1" "$(keyring_in /)" "$2"
  update "$1"
  write_sources "$1" "$(newest_keyring)" "$2 $python_suite forky sid"
  update "$1"
}

pins() {
  local want
  for want in "${wanted[@]}"; do
    printf 'Package: %s\nPin: version /^%s([+-]|$)/\nPin-Priority: 1001\n\n' "${want%=*}" "$(pattern "${want#*=}")"
  done
}

pattern() { echo "${1//./[.]}"; }

# Prints "URI SUITE SUITE…" of each mirror in the host's sources that has main; those first that are
# named as a mirror of Debian is. The others may be one, or somebody else's packages.
host_mirrors() {
  apt-get -o Dir::State::lists="$work/apt/empty" update --print-uris |
    sed -nE "s#^'(.*/)dists/([^/']+)/main/binary-amd64/Packages.*#\1 \2#p" |
    awk '!seen[$1, $2]++ { if (!($1 in suites)) order[++count] = $1; suites[$1] = suites[$1] " " $2 }
         END { for (pass = 0; pass < 2; pass++) for (i = 1; i <= count; i++)
                 if ((order[i] ~ "/debian/$") == !pass) print order[i] suites[order[i]] }'
}

write_sources() { # MIRROR KEYRING SUITES
  local suite written=' ' options=''
  [[ -z $2 ]] || options="[signed-by=$2] "
  for suite in $3; do
    [[ $written == *" $suite "* ]] || echo "deb $options$1 $suite main"
    written+="$suite "
  done >"$work/apt/sources.list"
}

# A suite that this mirror lacks (Ubuntu's has no sid) is no error by itself: whether the packages
# are there is decided where they are chosen.
update() {
  say "reading the package lists of $1"
  apt get -q=2 update >>"$work/apt/update.log" 2>&1 || true
}

# Debian signs new suites with new keys, which an old host does not have; its own suites, which it
# can verify, bring them. Prints the keyring to use.
newest_keyring() {
  local keys=$work/apt/keyring
  mkdir -p "$keys"
  if (cd "$keys" && apt get -q=2 download debian-archive-keyring 2>>"$work/apt/update.log"); then
    dpkg-deb --extract "$keys"/*.deb "$keys"
    keyring_in "$keys"
  else
    keyring_in /
  fi
}

# Prints Debian's keyring under a root; nothing if it has none (apt then goes by trusted.gpg.d).
keyring_in() {
  local file
  for file in "${1%/}"/usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    [[ ! -e $file ]] || { echo "$file" && break; }
  done
}

download() {
  local want
  for want in "${wanted[@]}"; do check_version "${want%=*}" "${want#*=}"; done
  apt get --simulate install "${wanted[@]%=*}" "$java" >"$work/apt/plan" ||
    fail "Debian's packages do not fit together just now (its sid suite is in motion); try again in some hours, or use BAZELW_ROUTE=github."
  local packages
  mapfile -t packages < <(sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' "$work/apt/plan" | grep --invert-match --extended-regexp "${unneeded%?}=")
  say "downloading ${#packages[@]} packages"
  fetch "$work/debs/bazel" "${packages[@]}"
  fetch "$work/debs/python" "${python_packages[@]/%//$python_suite}"
}

check_version() { # PACKAGE VERSION
  local versions
  versions=$(apt cache madison "$1" | awk '{ print $3 }' | sort --unique | tr '\n' ' ')
  grep --quiet --extended-regexp "(^| )$(pattern "$2")[+-]" <<<"$versions" && return
  sort --unique "$work/apt/update.log" | sed 's/^/bazelw: apt: /' >&2
  fail "no mirror in apt's sources has $1 $2 (it has: ${versions:-none}). Either" \
    "  - install Bazelisk and use BAZELW_ROUTE=github, or" \
    "  - point apt's sources at a mirror or snapshot that still has it, or" \
    "  - move the pins (.bazelversion, tools/bazelw/debian_route.sh, WORKSPACE) to what there is."
}

fetch() { # FOLDER PACKAGE…
  mkdir -p "$1"
  local quiet=-q=2
  [[ ! -t 2 ]] || quiet=-q=0
  (cd "$1" && apt get "$quiet" download "${@:2}" >&2) ||
    fail "a download failed; run the command again. If it says so again, the mirror is being updated: wait an hour."
}

unpack() {
  say "unpacking"
  record >"$work/packages.tsv"
  unpack_into "$work" "$work/debs/bazel"
  unpack_into "$work/bookworm" "$work/debs/python"
}

record() {
  local deb sum
  for deb in "$work"/debs/*/*.deb; do
    read -r sum _ < <(sha256sum "$deb")
    # shellcheck disable=SC2016 # dpkg-deb fills these in.
    dpkg-deb --show --showformat='${Package}\t${Version}\t${Architecture}\t'"$sum"'\n' "$deb"
  done | sort
}

unpack_into() { # FOLDER DEBS
  mkdir -p "$1"
  # shellcheck disable=SC2016 # The inner shell expands these.
  find "$2" -name '*.deb' -print0 | xargs -0 -P "$(nproc)" -I{} sh -c '
    dpkg-deb --fsys-tarfile "$2" | tar --extract --directory "$1" --no-same-owner \
      --exclude ./usr/share/doc --exclude ./usr/share/man --exclude ./usr/share/maven-repo \
      --exclude ./usr/share/locale --exclude ./usr/share/lintian && rm "$2" ||
      exit 255 # and no further package
  ' unpack "$1" {} 2> >(awk 'NR <= 3' >&2) # a full disk is said of each file
}

# --- making them run here -----------------------------------------------------------------------

readonly libraries=usr/lib/x86_64-linux-gnu

# Runs one of the unpacked programs before its place is written into it.
run_unpacked() { # FOLDER PROGRAM ARGUMENTS…
  "$1/$libraries/ld-linux-x86-64.so.2" --library-path "$1/python/lib/bundled:$1/$libraries" "${@:2}"
}

patchelf() { run_unpacked "$work" "$work/bookworm/usr/bin/patchelf" "$@"; }

# The loader and the libraries that these programs were built for, in place of the host's.
# --force-rpath: unlike RUNPATH, RPATH holds for the libraries' own libraries too.
use_own_libraries() { # RPATH FILE…
  local file
  for file in "${@:2}"; do
    [[ $(head -c 4 "$file") == $'\x7fELF' ]] || continue
    patchelf --set-interpreter "$prefix/$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$1" "$file"
  done
}

# An absolute link means the host's file; here it has to mean ours.
relink() { # FOLDER…
  local link target
  while IFS=$'\t' read -r link target; do
    [[ ! -e $work$target ]] || ln --symbolic --force --no-dereference --relative "$work$target" "$link"
  done < <(find "$@" -type l -lname '/*' -printf '%p\t%l\n')
}

adapt_bazel() {
  say "making them run here"
  use_own_libraries "$prefix/$libraries" "$work/usr/bin/bazel" "$work"/usr/libexec/*/bazel/*
  relink "$work/usr/share/java" "$work/usr/share/bazel"
  # perfmark-api: Debian's list leaves it out, and the server answers no client without it.
  sed -i -e "s#/usr/share/java/#$prefix/usr/share/java/#g" \
    -e "\$s#\$#:$prefix/usr/share/java/perfmark-api.jar#" \
    "$work/usr/share/bazel/bazel_classpath_debian_depends.txt"
}

readonly jvm=usr/lib/jvm/java-25-openjdk-amd64

adapt_java() {
  relink "$work/$jvm"
  # shellcheck disable=SC2016 # $ORIGIN is the loader's.
  use_own_libraries '$ORIGIN:$ORIGIN/../lib:'"$prefix/$libraries" "$work/$jvm"/bin/* "$work/$jvm"/lib/{jspawnhelper,jexec}
}

python_in() { run_unpacked "$1" "$1/python/bin/python3.11" -I "${@:2}"; } # FOLDER ARGUMENTS…

# A repository with the interpreter, what the WORKSPACE calls python3_11_x86_64-unknown-linux-gnu.
# Its bytes are the same on each machine: they are inputs of actions.
lay_out_python() {
  local from=$work/bookworm to=$work/python
  mkdir -p "$to/bin" "$to/lib/bundled"
  cp "$from/usr/bin/python3.11" "$to/bin/"
  ln -s python3.11 "$to/bin/python3"
  cp -r "$from/usr/lib/python3.11" "$to/lib/"
  cp -P "$from"/{,usr/}lib/x86_64-linux-gnu/*.so* "$to/lib/bundled/"
  rm -rf "$to"/lib/python3.11/{sitecustomize.py,EXTERNALLY-MANAGED,test,idlelib,tkinter,turtledemo}
  # shellcheck disable=SC2016
  patchelf --force-rpath --set-rpath '$ORIGIN/../lib/bundled' "$to/bin/python3.11"
  # A host whose libc is older than the interpreter's: Bazel's loader and libraries serve it too.
  # shellcheck disable=SC2016
  "$to/bin/python3.11" -I -c '' 2>/dev/null ||
    use_own_libraries '$ORIGIN/../lib/bundled:'"$prefix/$libraries" "$to/bin/python3.11"
  # Compiled once here: the sandbox is read-only for it. Without the folder's name in it.
  python_in "$work" -m compileall -q -j "$(nproc)" -s "$to" --invalidation-mode unchecked-hash "$to/lib/python3.11" >&2
  cp "$here/python_repository.BUILD" "$to/BUILD.bazel"
  : >"$to/WORKSPACE"
  rm -rf "$from"
}

lay_out_absent() {
  mkdir "$work/absent"
  cp "$here/absent_repository.BUILD" "$work/absent/BUILD.bazel"
  : >"$work/absent/WORKSPACE"
}

write_trust_store() {
  local bundle=$authorities
  [[ -r $bundle ]] || bundle=$(mozilla_bundle)
  python_in "$prefix" "$here/trust_store.py" "$bundle" "$trust_store" ||
    fail "$bundle cannot be used; SSL_CERT_FILE names another file of certificate authorities."
}

# A host without ca-certificates: what Debian would have installed.
mozilla_bundle() {
  cat "$prefix"/usr/share/ca-certificates/mozilla/*.crt >"$prefix/mozilla.pem"
  echo "$prefix/mozilla.pem"
}

write_flags() {
  local rules=$prefix/usr/share/bazel/rules tools=$prefix/usr/share/bazel/tools
  cat >"$work/startup_flags" <<EOF
--nosystem_rc
--bazelrc=$prefix/bazelrc
--install_base=$prefix/usr/share/bazel
--trust_install_base
--server_javabase=$prefix/$jvm
--host_jvm_args=-Djavax.net.ssl.trustStoreType=JKS
EOF
  cat >"$work/bazelrc" <<EOF
# Written by tools/bazelw/debian_route.sh.
common --override_repository=bazel_skylib=$tools/skylib
common --override_repository=bazel_features=$tools/features
common --override_repository=rules_cc=$rules/cc
common --override_repository=rules_license=$rules/license
common --override_repository=rules_proto=$rules/proto
common --override_repository=rules_python=$rules/python
common --override_repository=rules_proto_grpc=$rules/proto_grpc
common --override_repository=python3_11_x86_64-unknown-linux-gnu=$prefix/python
common --override_repository=remote_coverage_tools=$prefix/absent
common --override_repository=zlib=$prefix/absent
EOF
}

main "$@"
