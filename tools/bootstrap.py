"""Builds .venv from requirements.lock and runs one command in it; `make` calls this.

It needs only the standard library, and stays readable to Python 3.6, because an old Python has to get far
enough to say that it is too old.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# `make test-all` gives each Python an environment of its own, which it names in this variable. It is taken out of the
# environment, because the tests build small clones with this script, each with its own .venv.
VENV = os.path.join(ROOT, os.environ.pop("BOOTSTRAP_VENV", "") or ".venv")
SCRIPTS = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(SCRIPTS, "python.exe" if os.name == "nt" else "python")
LABS = os.path.join(SCRIPTS, "labs.exe" if os.name == "nt" else "labs")
PIP = [PYTHON, "-I", "-m", "pip"]  # -I: no PYTHONPATH, whose packages pip would take for installed ones
UV = [PYTHON, "-I", "-m", "uv", "pip"]
LOCK = os.path.join(ROOT, "requirements.lock")
PROJECT = os.path.join(ROOT, "pyproject.toml")
STAMP = os.path.join(VENV, "installed.json")  # written last: a .venv without it is an unfinished one
LOG = os.path.join(VENV, "install.log")
OLDEST, NEWEST = (3, 11), (3, 14)  # the Pythons that the tests have passed on; pyproject.toml's classifiers say it, too

# What pip prints when it cannot reach its index, or when that lacks a package: pip may not know which.
UNREACHABLE = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|getaddrinfo failed|NewConnectionError"
    r"|Failed to establish a new connection|Connection (?:refused|reset|timed out|broken|to \S+ timed out)"
    r"|ConnectTimeout|Read timed out|Network is unreachable|Max retries exceeded|ProxyError"
    r"|\(from versions: "
)
# Settings of pip that uv does not read and that decide where packages come from: with them, pip does all.
OWN_INDEX = re.compile(r"\.(?:index-url|no-index|proxy|client-cert|trusted-host|keyring-provider)=")


class ProblemError(Exception):
    """What keeps the environment from being built, as one sentence that says what to do."""


class ToolError(Exception):
    """A program that was run on the way did not succeed."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output

    @property
    def last_words(self) -> str:
        """The line of its output that most likely says what went wrong."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith("error")]
        return (errors or lines or ["it printed nothing"])[-1].rstrip(".")

    def explained(self, otherwise: str) -> ProblemError:
        """The sentence for people: a known cause if it is one, or else this text and the last words."""
        unknown = "%s: %s (more in %s)." % (otherwise, self.last_words, LOG)
        return ProblemError(explain(self.output) or unknown)


def say(text: str, end: str = "\n") -> None:
    """Print at once, so that a line appears before the work that it announces."""
    print(text, end=end)
    sys.stdout.flush()


@contextlib.contextmanager
def step(text: str):  # noqa: ANN201 - the type has another name on every old Python
    """Say what is being done, leave room for the dots, and end the line with the time it took."""
    say(text + " ", end="")
    started = time.time()
    try:
        yield
    finally:
        say(" %.0f s" % (time.time() - started))


def environment() -> dict:
    """The environment for pip and uv: the user's own, minus what would install elsewhere than into .venv."""
    elsewhere = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_LOG")
    env = {name: value for name, value in os.environ.items() if name not in elsewhere}
    env.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    # Not hard links into uv's cache: a file edited in .venv must not spoil what .venv is rebuilt from.
    env.setdefault("UV_LINK_MODE", "copy")
    # A network that swallows packets must not keep people waiting for uv before pip has its turn.
    env.setdefault("UV_HTTP_TIMEOUT", "20")
    if env.get("PIP_CERT"):
        env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
    return env


def run(command: list) -> str:
    """Run a program, print a dot every second, and return its output or raise ToolError with it."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )
    output = None
    try:
        while output is None:
            try:
                output = process.communicate(timeout=1)[0]
            except subprocess.TimeoutExpired:
                say(".", end="")
    except BaseException:
        process.kill()
        process.wait()
        raise
    with contextlib.suppress(OSError), open(LOG, "a") as log:
        log.write("$ %s\n%s\n" % (" ".join(command), output))
    if process.returncode:
        raise ToolError(output)
    return output


def disk_is_full(output: str) -> bool:
    """Whether a program failed for want of space, which it does not always say."""
    said = "No space left on device" in output or "Disk quota exceeded" in output
    return said or shutil.disk_usage(ROOT).free < 5 * 2**20


def explain(output: str) -> str:
    """The sentence for a failure that people meet and can end; empty for any other."""
    if disk_is_full(output):
        shutil.rmtree(VENV, ignore_errors=True)  # half an environment is no use and takes the last space
        return "The disk is full: free about 1 GB for .venv and the temporary folder, then run make again."
    if "CERTIFICATE_VERIFY_FAILED" in output or "SSLError" in output:
        return (
            "The package index has a certificate that is not trusted here: "
            "set PIP_CERT to your organisation's certificate file, then run make again."
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A downloaded package is not the one in requirements.lock, so it was not installed: "
            "empty pip's cache (pip cache purge) or try another network, then run make again."
        )
    if UNREACHABLE.search(output):
        return (
            "The package index can't be reached or lacks a package: check the network connection "
            "(behind a proxy or mirror, set HTTPS_PROXY or PIP_INDEX_URL), then run make again."
        )
    if "Permission denied" in output or "Read-only file system" in output:
        return "%s can't be written to: make the folder and its .venv yours, then run make again." % ROOT
    return ""


def digest(path: str) -> str:
    """A hash of a file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def version() -> str:
    """The version of the Python that runs this."""
    return "%d.%d.%d" % sys.version_info[:3]


def short(path: str) -> str:
    """A path of this clone as people write it."""
    return os.path.relpath(path, ROOT).replace(os.sep, "/")


def installed() -> list:
    """The packages in .venv, each with its version, from one look at a folder."""
    library = ("Lib",) if os.name == "nt" else ("lib", "python%d.%d" % sys.version_info[:2])
    with contextlib.suppress(OSError):
        names = os.listdir(os.path.join(VENV, *library, "site-packages"))
        return sorted(name for name in names if name.endswith(".dist-info"))
    return []


def runs() -> bool:
    """Whether the Python of .venv starts and has its pip; the one underneath may have been removed."""
    try:
        subprocess.check_output([PYTHON, "-I", "-c", "import pip"], stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def damage(stamp: dict) -> str:
    """Why .venv has to be built again; empty when its packages are as they should be."""
    if not stamp:
        return "the last installation did not finish"
    if stamp["root"] != ROOT:
        return "the clone was at %s when it was made" % stamp["root"]
    if stamp["python"] != version():
        return "it was made with Python %s" % stamp["python"]
    if stamp["lock"] != digest(LOCK):
        return "requirements.lock has changed"
    if set(stamp["packages"]) - set(installed()):
        return "packages are missing from it"
    return "" if runs() else "its Python does not run"


def read_stamp() -> dict:
    """What was installed, as it was noted at the end; empty when there is no such note."""
    with contextlib.suppress(OSError, ValueError), open(STAMP) as file:
        stamp = json.load(file)
        if isinstance(stamp, dict) and {"root", "python", "lock", "project", "packages"} <= set(stamp):
            return stamp
    return {}


def create() -> None:
    """Make an empty .venv with pip in it."""
    try:
        import ensurepip  # noqa: F401 - Debian ships a Python without these two
        import venv  # noqa: F401
    except ImportError:
        raise ProblemError(
            "The Python at %s can't make virtual environments: install its venv module "
            "(on Debian and Ubuntu: apt install python%d.%d-venv), then run make again."
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        ) from None
    with contextlib.suppress(FileNotFoundError):
        os.remove(STAMP)  # first, so that an interruption from here on leaves no .venv that looks finished
    # The interpreter underneath, because this script may be running in the .venv that is replaced.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if sys.version_info[:2] > NEWEST:
        say("Python %s is newer than any that the workbook was tried with (%d.%d): it may work." % (version(), *NEWEST))
    with step("Creating %s with Python %s" % (short(VENV), version())):
        try:
            run([base, "-I", "-m", "venv", "--clear", VENV])
        except ToolError as failure:
            raise failure.explained("%s could not be created" % short(VENV)) from None


def install_uv() -> bool:
    """Put the locked uv into .venv, unless uv would not do here what pip does."""
    if OWN_INDEX.search(run([*PIP, "config", "list"])):
        return False
    with open(LOCK) as file:
        pinned = re.search(r"^uv==.*\n(?: .*\n)*", file.read(), re.MULTILINE)
    if not pinned:
        return False
    only_uv = os.path.join(VENV, "uv.lock")
    with open(only_uv, "w") as file:
        file.write(pinned.group())
    try:
        run([*PIP, "install", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", only_uv])
    except ToolError as failure:
        known = explain(failure.output)
        if known:
            raise ProblemError(known) from None
        return False  # there is no uv for this platform
    return True


def install_packages() -> None:
    """Put every package of the lock into .venv, with uv where possible: it is several times faster."""
    with open(LOCK) as file:
        count = len(set(re.findall(r"^([\w.-]+)==", file.read(), re.MULTILINE)))
    # The lock is complete: with --no-deps nothing is resolved, and nothing that is not locked can come in.
    # Compiled now, by all processors at once, rather than by each program at its first start, or at every one where
    # PYTHONDONTWRITEBYTECODE is set, as it is in many containers.
    locked = ["--no-deps", "--require-hashes", "-r", LOCK]
    with step("Installing %d locked packages (about a minute the first time)" % count):
        if install_uv():
            try:
                run([*UV, "install", "--python", PYTHON, "--compile-bytecode", *locked])
            except ToolError as failure:
                if disk_is_full(failure.output):
                    raise failure.explained("") from None
                say("\nuv could not do it (%s); pip takes over " % failure.last_words, end="")
            else:
                return
        try:
            run([*PIP, "install", *locked])
        except ToolError as failure:
            raise failure.explained("The locked packages could not be installed") from None


def install_project() -> None:
    """Make `import labs` and the labs command work from the files of this clone."""
    with step("Adding the workbook itself"):
        try:
            run([*PIP, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT])
        except ToolError as failure:
            raise failure.explained("The workbook could not be added to .venv") from None


@contextlib.contextmanager
def one_at_a_time():  # noqa: ANN201 - as above
    """Keep a second make from building the same .venv: it waits here until the first is done."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(__file__) as file:  # locking this very script leaves no lock file behind
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:  # any other: a file system without locks
                say("Waiting for another make that is building .venv.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare() -> None:
    """Bring .venv up to date; next to nothing happens when it is."""
    with one_at_a_time():
        stamp = read_stamp()
        reason = damage(stamp)
        if not reason and stamp["project"] == digest(PROJECT) and os.path.exists(LABS):
            return
        if reason:
            if os.path.lexists(VENV):
                say("Building %s again, because %s." % (short(VENV), reason))
            create()
            install_packages()
        install_project()
        stamp = {"root": ROOT, "python": version(), "packages": installed()}
        stamp.update(lock=digest(LOCK), project=digest(PROJECT))
        with open(STAMP + ".new", "w") as file:
            json.dump(stamp, file)
        os.replace(STAMP + ".new", STAMP)


def lock(options: list) -> None:
    """Resolve pyproject.toml into requirements.lock with the public index, whatever is set up here."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    command = [*UV, "compile", "pyproject.toml", "--output-file", LOCK, "--quiet"]
    command += ["--group", "dev", "--group", "held-back"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate"]
    command += ["--no-config", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--custom-compile-command", "make lock"]
    with step("Resolving pyproject.toml into requirements.lock"):
        failed = subprocess.call(command + options, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    if failed:
        raise ProblemError("requirements.lock is as it was: uv could not resolve pyproject.toml, see above.")


def lint() -> None:
    """Say what ruff and mypy find, all of it; nothing is changed."""
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    if sum(subprocess.call([PYTHON, "-m", *check], cwd=ROOT) != 0 for check in checks):
        raise ProblemError("Not clean: make format mends part of it, see above for the rest.")


def reformat() -> None:
    """Let ruff mend what it can, and lay the code out."""
    for action in (["check", "--fix-only", "."], ["format", "."]):
        if subprocess.call([PYTHON, "-m", "ruff", *action], cwd=ROOT):
            raise ProblemError("ruff did not finish, see above.")


def find_python(minor: int) -> str:
    """The path of a Python 3.<minor> that can make environments: on PATH, or else pyenv's newest; empty for none."""
    name = "python3.%d" % minor
    folders = os.environ.get("PATH", "").split(os.pathsep)
    candidates = [os.path.join(folder, name) for folder in folders if folder]
    versions = os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions")
    with contextlib.suppress(OSError):
        patches = [re.match(r"3\.%d\.(\d+)$" % minor, folder) for folder in os.listdir(versions)]
        found = sorted((match for match in patches if match), key=lambda match: -int(match.group(1)))
        candidates += [os.path.join(versions, match.group(), "bin", name) for match in found]
    # Each is run, because a name on PATH may be a shim for a version that is not there.
    probe = "import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, %d))" % minor
    for candidate in candidates:
        with contextlib.suppress(OSError):
            if not subprocess.call(
                [candidate, "-I", "-c", probe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ):
                return candidate
    return ""


def test_all(options: list) -> None:
    """Run the tests on every supported Python and the next one, each in an environment of its own."""
    lines, failed = [], False
    for minor in range(OLDEST[1], NEWEST[1] + 2):
        python = find_python(minor)
        if not python:
            lines.append("Python 3.%d: not found, on PATH or among pyenv's" % minor)
            continue
        say("\nPython 3.%d, %s" % (minor, python))
        started = time.time()
        env = dict(os.environ, BOOTSTRAP_VENV=os.path.join(".venvs", "3.%d" % minor))
        code = subprocess.call([python, os.path.abspath(__file__), "test", *options], cwd=ROOT, env=env)
        failed = failed or code != 0
        said = "passed" if code == 0 else "failed (exit code %d)" % code
        lines.append("Python 3.%d: %s after %.0f s" % (minor, said, time.time() - started))
    say("\n" + "\n".join(lines))
    if failed:
        sys.exit(1)


def become(command: list) -> None:
    """Hand over to a program, so that Ctrl-C and the exit code are its own."""
    if os.name == "nt":
        sys.exit(subprocess.call(command, cwd=ROOT))
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606 - there is no shell on purpose


def main(command: str, *options: str) -> None:
    """Do what `make` was asked for; `prepare` only brings .venv up to date."""
    if sys.version_info < (3, 11):
        raise ProblemError(
            "Python 3.11 or newer is needed, and %s is %s: install a newer one, "
            "or say where it is with PYTHON=/path/to/python3.12 behind the make command." % (sys.executable, version())
        )
    if command == "test-all":
        test_all(list(options))
        return
    prepare()
    if command == "lab":
        become([LABS, "start", *options])
    elif command == "verify":
        become([LABS, "verify", *options])
    elif command == "lint":
        lint()
    elif command == "format":
        reformat()
    elif command == "test":
        become([PYTHON, "-m", "pytest", *options])
    elif command == "lock":
        lock(list(options))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ProblemError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped; run make again to go on.")
    except OSError as error:
        sys.exit(explain(str(error)) or ".venv could not be built: %s." % error)
