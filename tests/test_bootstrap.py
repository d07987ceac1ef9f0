"""`make` from nothing: real runs in a small clone that needs no network, and what is said when one fails."""

import ast
import base64
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "tools" / "bootstrap.py"
MAKE = shutil.which("make")
OUTSIDE = ("PIP_", "UV_", "MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV", "ARGS", "PORT")

# A build backend of a few lines stands in for flit, so that the small clone needs no package from anywhere.
BACKEND = """
import base64, hashlib, os, zipfile
def get_requires_for_build_editable(config=None): return []
def build_editable(folder, config=None, metadata=None):
    info = "small-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, "small-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("small.pth", os.getcwd())
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: small\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nlabs = small_cli:main\\n")
        wheel.writestr(info + "RECORD", "")
    return "small-1.0-py3-none-any.whl"
"""


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
    return kept | {"PIP_CONFIG_FILE": os.devnull} | more


def make_wheel(folder):
    """A package `pinned` 1.0 as a wheel; returns its line for a lock."""
    folder.mkdir()
    path = folder / "pinned-1.0-py3-none-any.whl"
    files = {
        "pinned.py": "",
        "pinned-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pinned\nVersion: 1.0\n",
        "pinned-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "pinned-1.0.dist-info/RECORD"
    lines = []
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(text)}")
        wheel.writestr(record, "\n".join([*lines, f"{record},,"]))
    return f"pinned==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Clone:
    """The real Makefile and bootstrap script, around one package and a `labs` that prints its arguments."""

    def __init__(self, parent):
        self.root = root = parent / "a clone"  # a space is allowed, except in PIP_FIND_LINKS
        wheels = parent / "wheels"
        (root / "tools").mkdir(parents=True)
        shutil.copy(SCRIPT, root / "tools")
        shutil.copy(ROOT / "Makefile", root)
        (root / "requirements.lock").write_text(make_wheel(wheels))
        (root / "backend.py").write_text(BACKEND)
        (root / "small_cli.py").write_text("import sys\ndef main(): print('labs', *sys.argv[1:])\n")
        (root / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "small"\nversion = "1.0"\n'
        )
        self.stamp = root / ".venv" / "installed.json"
        self.offline = clean_environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))

    def run(self, *command, env=None):
        command = command or (sys.executable, "tools/bootstrap.py", "prepare")
        return subprocess.run(
            command, cwd=self.root, env=env or self.offline, text=True, capture_output=True, check=False
        )

    def site_packages(self):
        [folder] = self.root.glob(".venv/[lL]ib/**/site-packages")
        return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A small clone whose .venv is built."""
    clone = Clone(tmp_path_factory.mktemp("bootstrap"))
    done = clone.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Creating .venv with Python 3." in done.stdout
    assert "Installing 1 locked packages" in done.stdout
    return clone


@pytest.fixture
def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(done):
    """The one line on stderr of a command that failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stdout
    return done.stderr


def test_the_second_run_is_silent_and_instant(clone):
    started = time.perf_counter()
    done = clone.run()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.perf_counter() - started < 1.5


@pytest.mark.skipif(not MAKE, reason="there is no make on this machine")
def test_make_hands_its_words_to_labs(clone):
    done = clone.run(MAKE, "lab", "PORT=8899", "ARGS=--no-browser --debug")

    assert done.stdout == "labs start --port 8899 --no-browser --debug\n"


def test_a_change_of_the_project_installs_only_the_project(clone):
    with (clone.root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    done = clone.run()

    assert done.returncode == 0
    # A slow machine appends dots and seconds.
    assert [line[:26] for line in done.stdout.splitlines()] == ["Adding the workbook itself"]


def damage(clone):
    """Why the clone's .venv would be built again, without building it."""
    code = "import bootstrap; print(bootstrap.damage(bootstrap.read_stamp()))"
    return clone.run(sys.executable, "-c", f"import sys; sys.path[:0] = ['tools']; {code}").stdout.strip()


def test_whatever_is_wrong_with_the_environment_is_noticed(clone):
    assert damage(clone) == ""

    lock = clone.root / "requirements.lock"
    lock.write_text("# changed\n" + lock.read_text())
    assert damage(clone) == "requirements.lock has changed"
    lock.write_text(lock.read_text().partition("\n")[2])

    stamp = clone.stamp.read_text()
    clone.stamp.write_text(json.dumps(json.loads(stamp) | {"python": "3.11.0rc1"}))
    assert damage(clone) == "it was made with Python 3.11.0rc1"
    clone.stamp.write_text(json.dumps(json.loads(stamp) | {"root": "somewhere else"}))
    assert damage(clone) == "the clone was at somewhere else when it was made"
    clone.stamp.write_text(stamp[:20])
    assert damage(clone) == "the last installation did not finish"
    clone.stamp.write_text(stamp)

    pip = clone.site_packages() / "pip"
    pip.rename(pip.with_name("gone"))
    assert damage(clone) == "its Python does not run"
    pip.with_name("gone").rename(pip)
    assert damage(clone) == ""


def test_a_broken_environment_heals_even_when_that_is_cut_short(clone):
    shutil.rmtree(clone.site_packages() / "pinned-1.0.dist-info")
    (clone.site_packages() / "pinned.py").unlink()
    with socket.socket() as silent:  # an index that accepts and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(60)
        env = clean_environment(PIP_INDEX_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        command = [sys.executable, "tools/bootstrap.py", "prepare"]
        process = subprocess.Popen(
            command, cwd=clone.root, env=env, text=True, stdout=subprocess.PIPE, start_new_session=True
        )
        with silent.accept()[0]:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0]
    assert "Building .venv again, because packages are missing from it." in said
    assert not clone.stamp.exists()

    done = clone.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Building .venv again, because the last installation did not finish." in done.stdout
    assert (clone.site_packages() / "pinned.py").exists()
    assert damage(clone) == ""


def test_without_a_network_it_says_so(tmp_path):
    env = clean_environment(PIP_INDEX_URL="http://127.0.0.1:9", PIP_RETRIES="1")

    assert "The package index can't be reached" in sentence(Clone(tmp_path).run(env=env))


def test_a_python_without_venv_is_told_which_package_it_lacks(tmp_path):
    clone = Clone(tmp_path)
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    done = clone.run(env=clone.offline | {"PYTHONPATH": str(tmp_path)})

    assert f"apt install python3.{sys.version_info.minor}-venv" in sentence(done)
    assert not (clone.root / ".venv").exists()


def test_an_old_python_is_told_what_is_needed(tmp_path):
    clone = Clone(tmp_path)
    installed = sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python"))
    pretended = "import runpy, sys; sys.version_info = (3, 8, 1); runpy.run_path(sys.argv[1], {}, '__main__')"
    old = [installed[0]] if installed else [sys.executable, "-c", pretended]
    done = clone.run(*old, "tools/bootstrap.py", "lab")

    assert sentence(done).startswith("Python 3.11 or newer is needed, and ")


def test_the_script_can_be_read_by_an_old_python():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device: 'x'", "The disk is full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'", "set PIP_CERT"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one in"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "can't be reached"),
        ("ProxyError('Unable to connect to proxy', ...)", "HTTPS_PROXY"),
        ("ERROR: Could not find a version that satisfies x==1 (from versions: none)", "lacks a package"),
        ("[Errno 13] Permission denied: '/x/.venv'", "can't be written"),
        ("[Errno 30] Read-only file system: '/x/.venv'", "can't be written"),
    ],
)
def test_a_known_failure_gets_one_sentence(bootstrap, tmp_path, monkeypatch, output, said):
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / "venv"))
    explained = bootstrap.explain(output)

    assert said in explained
    assert explained.endswith(".")
    assert "\n" not in explained


def test_an_unknown_failure_shows_what_the_tool_said_last(bootstrap):
    failure = bootstrap.ToolError("Collecting x\nERROR: cosmic rays.\n\nnote: see above\n")

    assert str(failure.explained("It failed")).startswith("It failed: ERROR: cosmic rays (more in ")


def test_a_full_disk_is_given_its_space_back(bootstrap, tmp_path, monkeypatch):
    (tmp_path / "venv" / "lib").mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / "venv"))
    bootstrap.explain("No space left on device")

    assert not (tmp_path / "venv").exists()


def test_a_python_newer_than_was_tried_is_used_with_one_line(tmp_path):
    clone = Clone(tmp_path)
    # The bound is moved, not the version: pip takes the real one.
    pretended = "import runpy, sys; sys.path[:0] = ['tools']; import bootstrap; bootstrap.NEWEST = (3, 10); "
    done = clone.run(sys.executable, "-c", pretended + "bootstrap.main('prepare')")

    assert done.returncode == 0, done.stdout + done.stderr
    first = done.stdout.splitlines()[0]
    assert first.endswith(" is newer than any that the workbook was tried with (3.10): it may work.")


def test_what_is_started_does_not_build_in_the_environment_of_test_all(clone):
    code = "import os, sys; sys.path[:0] = ['tools']; import bootstrap; "
    code += "print(bootstrap.short(bootstrap.VENV), os.environ.get('BOOTSTRAP_VENV'))"
    done = clone.run(sys.executable, "-c", code, env=clone.offline | {"BOOTSTRAP_VENV": ".venvs/3.14"})

    assert done.stdout == ".venvs/3.14 None\n"


def test_lint_tells_all_that_is_wrong(bootstrap, monkeypatch):
    asked = []
    monkeypatch.setattr(bootstrap, "prepare", lambda: None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command, **_: asked.append(command[2:]) or len(asked) == 1)

    with pytest.raises(bootstrap.ProblemError, match="make format"):
        bootstrap.main("lint")
    assert asked == [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]


@pytest.mark.skipif(os.name == "nt", reason="needs shell scripts")
class TestAllPythons:
    """`make test-all`: the tests on every Python that is found."""

    @pytest.fixture
    def run(self, tmp_path):
        """Run it where these files are all Pythons that there are."""
        (tmp_path / "tools").mkdir()
        script = shutil.copy(SCRIPT, tmp_path / "tools")

        def run(**programs):
            for name, body in programs.items():
                path = tmp_path / name.replace("__", "/").replace("_", ".")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"#!/bin/sh\n{body}\n")
                path.chmod(0o755)
            env = clean_environment(PATH=str(tmp_path / "bin"), PYENV_ROOT=str(tmp_path / "pyenv"))
            command = [sys.executable, script, "test-all", "-q"]
            return subprocess.run(command, env=env, text=True, capture_output=True, check=False)

        return run

    SHIM = "exit 127"
    PASSES = 'case "$1" in -I) exit 0;; esac; echo "$BOOTSTRAP_VENV $2 $3"'
    FAILS = 'case "$1" in -I) exit 0;; esac; exit 1'

    def test_each_that_is_found_has_a_line_and_an_environment(self, run):
        done = run(
            bin__python3_11=self.PASSES,
            bin__python3_12=self.SHIM,
            pyenv__versions__3_12_4__bin__python3_12=self.SHIM,
            pyenv__versions__3_12_10__bin__python3_12=self.PASSES,
            pyenv__versions__3_13_1t__bin__python3_13=self.PASSES,
        )

        assert done.returncode == 0, done.stderr
        assert [line for line in done.stdout.splitlines() if " test -q" in line] == [
            ".venvs/3.11 test -q",
            ".venvs/3.12 test -q",
        ]
        assert "3.12.10/bin/python3.12" in done.stdout
        assert [line.partition(" after")[0] for line in done.stdout.splitlines()[-5:]] == [
            "Python 3.11: passed",
            "Python 3.12: passed",
            "Python 3.13: not found, on PATH or among pyenv's",
            "Python 3.14: not found, on PATH or among pyenv's",
            "Python 3.15: not found, on PATH or among pyenv's",
        ]

    def test_one_that_fails_does_not_keep_the_others_from_running(self, run):
        done = run(bin__python3_11=self.FAILS, bin__python3_14=self.PASSES)

        assert done.returncode == 1
        assert "Python 3.11: failed (exit code 1) after" in done.stdout
        assert "Python 3.14: passed after" in done.stdout


@pytest.mark.skipif(not MAKE or os.name == "nt", reason="needs make and shell scripts")
class TestMake:
    """Which Python `make` runs the script with."""

    @pytest.fixture
    def run(self, tmp_path):
        """Run make with nothing but these programs on PATH; the script only prints who runs it."""
        (tmp_path / "tools").mkdir()
        (tmp_path / "tools" / "bootstrap.py").write_text("import os, sys\nprint(os.environ.get('NAME'))\n")
        shutil.copy(ROOT / "Makefile", tmp_path)
        (tmp_path / "bin").mkdir()

        def run(*arguments, **programs):
            for name, body in programs.items():
                path = tmp_path / "bin" / name.replace("_", ".")
                path.write_text(f"#!/bin/sh\n{body}\n")
                path.chmod(0o755)
            env = clean_environment(PATH=str(tmp_path / "bin"))
            command = [MAKE, "test", *arguments]
            return subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, check=False)

        return run

    GOOD = f'NAME="$0" exec "{sys.executable}" "$@"'
    SHIM = "echo 'version 3.13 is not installed' >&2; exit 127"
    NO_VENV = f'case "$2" in *ensurepip*) exit 1;; esac; NAME="$0" exec "{sys.executable}" "$@"'

    def test_a_shim_without_its_python_is_passed_over(self, run):
        assert run(python3_13=self.SHIM, python3=self.GOOD).stdout.endswith("/bin/python3\n")

    def test_one_that_can_make_environments_is_preferred(self, run):
        assert run(python3_13=self.NO_VENV, python3_11=self.GOOD).stdout.endswith("/bin/python3.11\n")

    def test_one_that_cannot_is_better_than_none(self, run):
        assert run(python3_13=self.NO_VENV).stdout.endswith("/bin/python3.13\n")

    def test_a_python_that_is_named_is_the_only_one_tried(self, run, tmp_path):
        assert "none was found" in run(f"PYTHON={tmp_path}/no", python3=self.GOOD).stderr

    def test_without_any_python_it_says_what_to_do(self, run):
        done = run()

        assert done.returncode != 0
        assert done.stderr.startswith("Python 3.11 or newer is needed, and none was found: install one")


@pytest.mark.install
@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs the whole lock; set CI=true to run it")
def test_a_fresh_clone_builds_itself(tmp_path):
    subprocess.run(["git", "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    # What tells pip where its packages are stays, as a learner's would.
    env = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE[2:])}

    def make_test():
        command = [MAKE, "test", "ARGS=--version"]
        folder = tmp_path / "clone"
        return subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True, check=False)

    first = make_test()
    started = time.perf_counter()
    second = make_test()

    assert first.returncode == 0, first.stdout + first.stderr
    assert "Installing" in first.stdout
    assert second.stdout.startswith("pytest "), "nothing is said when there is nothing to do"
    assert time.perf_counter() - started < 10
    assert (tmp_path / "clone" / ".venv" / "bin" / "labs").exists()
