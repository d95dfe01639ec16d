"""A machine of a few fake programs on PATH, for the tests of bazelw."""

import shutil
import stat
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

_FILES = [".bazelversion", "bazelw"]
_HOST_TOOLS = (
    "awk bash cat cut cp df du env find flock grep head id ln mkdir mv nproc readlink rm sed sh "
    "sha256sum sleep sort stat tail tar touch tr uniq xargs"
)
VERSION = Path(".bazelversion").read_text(encoding="utf-8").strip()
_ELF = "\x7fELF"

_APT_GET = r"""#!/bin/bash
echo "apt-get $*" >>"$CALLS"
case " $* " in
  *' --print-uris '*)
    for suite in ${SOURCES:-http://mirror.test/debian/dists/bookworm}; do
      echo "'$suite/main/binary-amd64/Packages.xz' x 0"
    done
    ;;
  *' download debian-archive-keyring '*) exit 100 ;;
  *' download '*) for package in "${@: -2}"; do touch "${package%%[=/]*}.deb"; done ;;
  *' install '*)
    for package in bazel-bootstrap gcc-14 openjdk-25-jdk-headless libfoo-java; do
      echo "Inst $package (1.0 Debian:unstable [amd64])"
    done
    ;;
esac
"""
# Only one mirror has Debian's packages.
_APT_CACHE = r"""#!/bin/bash
words="$*"
list=${words#*Dir::Etc::sourcelist=}
grep --quiet 'http://mirror.test/[a-z]*/ sid' "${list%% *}" || exit 0
[[ "$*" != *" bazel-rules-python"* || -z ${GONE:-} ]] || exit 0
for version in 7.7.1+ds-8 1.9.1-2 1.11.0-1 0.0.11-3 6.0.0-2 0.22.1-3 5.8.0-2; do
  echo "x | $version | mirror"
done
"""
_DPKG_DEB = r"""#!/bin/bash
case $1 in
  --fsys-tarfile)
    [[ -z ${BROKEN:-} ]] || exit 2
    [[ -z ${SLOW:-} ]] || { echo unpacking >>"$CALLS" && exec sleep 600; }
    case $2 in
      */bazel-bootstrap.deb | */patchelf.deb) cat "$PACKAGE" ;;
      *) tar --create --files-from /dev/null ;;
    esac
    ;;
  --show) printf 'package\t1.0\tamd64\t%s\n' "${2##*\\t}" ;;
esac
"""
# Instead of Bazel: prints its arguments. Some of them select its behaviour.
BAZEL = r"""#!/bin/bash
[[ $1 != --version ]] || { echo "bazel ${FAKEVERSION:-7.7.1}"; exit; }
[[ -z ${USE_BAZEL_VERSION:-} ]] || echo "$USE_BAZEL_VERSION is wanted"
printf '%s\n' "$@"
[[ " $* " != *' exit-7 '* ]] || exit 7
[[ " $* " != *' wait '* ]] || exec sleep 600
"""


@dataclass
class Machine:
    """A home, a PATH and a checkout with bazelw."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:  # noqa: D105 (dataclass: makes the folders)
        self.checkout.mkdir()
        for name in _FILES:
            shutil.copy(name, self.checkout / name)
        shutil.copytree("tools/bazelw", self.checkout / "tools/bazelw")
        self.bin.mkdir()
        for tool in _HOST_TOOLS.split():
            found = shutil.which(tool)
            assert found, f"{tool} is on every Debian"
            (self.bin / tool).symlink_to(found)
        self.env = {
            "HOME": str(self.root),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "PATH": str(self.bin),
            "CALLS": str(self.calls_file),
            "SSL_CERT_FILE": str(self.root / "authorities.pem"),
        }
        (self.root / "authorities.pem").touch()
        self.calls_file.touch()

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def calls_file(self) -> Path:
        return self.root / "calls"

    @property
    def cache(self) -> Path:
        return self.root / "cache/bazelw"

    def add(self, name: str, text: str) -> None:
        """Puts a program on PATH."""
        (self.bin / name).unlink(missing_ok=True)
        _write_program(self.bin / name, text)

    def add_github(self, *, responds: bool = True) -> None:
        code = 0 if responds else 6
        self.add("curl", f'#!/bin/bash\necho curl >>"$CALLS"\nexit {code}\n')

    def add_debian(self) -> None:
        """The programs of a Debian host, with a mirror of small packages."""
        self.add("apt-get", _APT_GET)
        self.add("apt-cache", _APT_CACHE)
        self.add("dpkg-deb", _DPKG_DEB)
        self.add("dpkg", "#!/bin/bash\necho amd64\n")
        package = self.root / "package.tar"
        _write_package(package, self.root / "package")
        self.env["PACKAGE"] = str(package)

    def calls(self, word: str) -> int:
        """The number of calls of a fake program with this word."""
        return sum(word in line for line in self.calls_file.read_text("utf-8").splitlines())

    def command(self, *args: str) -> list[str]:
        return [str(self.checkout / "bazelw"), *args]

    def run(self, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*args),
            env=self.env | env,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *args: str, **env: str) -> "subprocess.Popen[str]":
        """Starts bazelw in its own process group."""
        return subprocess.Popen(
            self.command(*args),
            env=self.env | env,
            cwd=self.root,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def prefixes(self) -> list[Path]:
        """The finished folders of the Debian route."""
        return [
            path
            for path in self.cache.glob("debian-*")
            if path.suffix not in {".lock", ".partial"} and path.is_dir()
        ]


def _write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _write_package(package: Path, tree: Path) -> None:
    """One tree with a stand-in for each file touched by the installer."""
    jvm = tree / "usr/lib/jvm/java-25-openjdk-amd64"
    # The loader runs its argument. Patchelf has nothing to patch in here.
    loader = tree / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    _write_program(loader, '#!/bin/bash\n[[ "${*: -1}" != *.jks ]] || touch "${@: -1}"\n')
    _write_program(tree / "usr/bin/bazel", BAZEL)
    for program in ["usr/bin/python3.11", "usr/bin/patchelf", "usr/libexec/x/bazel/zipper"]:
        _write_program(tree / program, "#!/bin/bash\n")
    for program in ["bin/java", "lib/jexec", "lib/jspawnhelper"]:
        _write_program(jvm / program, _ELF)
    for folder in [
        "usr/share/java",
        "usr/share/bazel",
        "usr/lib/python3.11",
        "lib/x86_64-linux-gnu",
    ]:
        (tree / folder).mkdir(parents=True)
    (tree / "lib/x86_64-linux-gnu/libz.so.1").touch()
    (tree / "usr/share/java/a.jar").symlink_to("/usr/share/java/a-1.jar")
    (tree / "usr/share/java/a-1.jar").touch()
    (tree / "usr/share/bazel/bazel_classpath_debian_depends.txt").write_text(
        "/usr/share/java/a.jar:/usr/share/java/b.jar", encoding="utf-8"
    )
    with tarfile.open(package, "w") as archive:
        archive.add(tree, arcname=".")
