"""One environment, described in three files: pyproject.toml, requirements.lock and environment.yml agree."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
PINNED = [Requirement(re.sub(r"\s*\\?$", "", line)) for line in LOCK.splitlines() if re.match(r"[A-Za-z0-9]", line)]
WANTED = sum(PROJECT["dependency-groups"].values(), start=PROJECT["project"]["dependencies"])
SUPPORTED = [
    name.rpartition(" ")[2]
    for name in PROJECT["project"]["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
]


def pins(name):
    return [pin for pin in PINNED if canonicalize_name(pin.name) == canonicalize_name(name)]


def conda_python():
    requirements = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    [python] = [line for line in requirements if line.split()[0] == "python"]
    return SpecifierSet(python.partition(" ")[2])


def test_conda_has_the_pythons_that_the_project_supports():
    minors = [f"3.{minor}" for minor in range(30)]
    allowed = [minor for minor in minors if Version(f"{minor}.0") in conda_python()]

    assert allowed == SUPPORTED, "environment.yml and the classifiers in pyproject.toml differ"


def test_the_project_refuses_what_is_older():
    assert PROJECT["project"]["requires-python"] == f">={SUPPORTED[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + SUPPORTED[0].replace(".", "")


def test_make_was_tried_with_the_pythons_that_the_project_supports():
    script = (ROOT / "tools" / "bootstrap.py").read_text()
    [bounds] = re.findall(r"^OLDEST, NEWEST = \(3, (\d+)\), \(3, (\d+)\)", script, re.MULTILINE)
    names = re.search(r"^NAMES = (.+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()

    assert [f"3.{minor}" for minor in range(int(bounds[0]), int(bounds[1]) + 1)] == SUPPORTED
    assert [name for name in names if "." in name] == [f"python{minor}" for minor in reversed(SUPPORTED)]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_people_are_told_of_the_pythons_that_the_project_supports(page):
    [sentence] = re.findall(r"You need git, make and Python (.+)\.$", (ROOT / page).read_text(), re.MULTILINE)

    assert re.findall(r"3\.\d+", sentence) == SUPPORTED


def test_conda_installs_the_lock_and_nothing_else():
    assert CONDA["name"] == PROJECT["project"]["name"]
    assert CONDA["channels"] == ["conda-forge"]
    others = [line for line in CONDA["dependencies"] if isinstance(line, str) and line.split()[0] != "python"]
    assert others == ["pip"], "what conda installs beside the lock may be another version"
    [pip] = [line["pip"] for line in CONDA["dependencies"] if isinstance(line, dict)]
    assert pip == ["-r requirements.lock"]


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("python", SUPPORTED)
def test_the_lock_has_every_dependency_in_a_version_that_satisfies_it(wanted, python):
    requirement = Requirement(wanted)
    environment = default_environment() | {"python_version": python, "python_full_version": f"{python}.9"}
    found = [pin for pin in pins(requirement.name) if not pin.marker or pin.marker.evaluate(environment)]

    assert len(found) == 1, f"`make lock` is needed: {requirement.name} is not locked for Python {python}"
    [exact] = found[0].specifier
    assert exact.operator == "=="
    assert Version(exact.version) in requirement.specifier, f"`make lock` is needed: it has {found[0]}"


def test_the_lock_has_what_its_packages_need_themselves():
    for pin in PINNED:
        if pin.marker and not pin.marker.evaluate():
            continue
        for line in metadata.requires(pin.name) or []:
            need = Requirement(line)
            if not need.marker or need.marker.evaluate({"extra": ""}):
                assert pins(need.name), f"{pin.name} needs {line}, which is not locked"


def test_every_locked_package_has_hashes():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.partition("\n")[2])
    packages = [block for block in blocks if "==" in block]

    assert len(packages) == len(PINNED) > 100
    for block in packages:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]


def test_the_lock_names_no_place():
    """Each person's pip knows where to get packages; a place in the lock would overrule it."""
    known = re.compile(r"#.*|    --hash=sha256:[0-9a-f]{64}( \\)?|[\w.-]+==[\w.+!-]+( ; .+)? \\")
    for line in LOCK.splitlines():
        assert known.fullmatch(line), line
        assert not re.search(r"://|@|\.whl|\.tar|file:|--(index|extra|find|trusted)", line), line


def test_no_description_of_the_environment_names_a_place():
    for name in ("pyproject.toml", "environment.yml", "Makefile", "postBuild", ".ci/run", ".pre-commit-config.yaml"):
        text = (ROOT / name).read_text()
        assert not re.search(r"\w+://|--(index-url|extra-index-url|find-links)\b", text), name


def test_there_is_no_lua():
    """With lupa installed, the labs' Redis server runs whatever a client sends to EVAL."""
    assert not pins("lupa")
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("lupa")


def test_what_is_installed_is_what_is_locked():
    for pin in PINNED:
        if not pin.marker or pin.marker.evaluate():
            assert metadata.version(pin.name) in pin.specifier


def test_the_package_is_this_clone():
    import labs

    assert Path(labs.__file__).parent == ROOT / "labs"
    assert labs.__version__ == PROJECT["project"]["version"], "run make once: .venv has an older version"
