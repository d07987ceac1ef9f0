"""Builds .venv from requirements.lock and runs one command in it. `make` calls this; it needs only the standard library.

The file stays readable to Python 3.6, because an old Python has to get far enough to say that it is too old.
"""

import argparse
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
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.json")  # written last: a .venv without it is an unfinished one
LOG = os.path.join(VENV, "install.log")
LOCK = os.path.join(ROOT, "requirements.lock")
SCRIPTS = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(SCRIPTS, "python.exe" if os.name == "nt" else "python")
LABS = os.path.join(SCRIPTS, "labs.exe" if os.name == "nt" else "labs")

LOCK_HEADER = """\
# Every package of the workbook with its version and hashes, for Python 3.11 and newer on Linux, macOS and Windows.
# Made by `make lock` from pyproject.toml; `make lock ARGS=--upgrade` takes the newest versions.
"""

# What pip prints when it cannot reach its index. Its wording has been stable for years; the sentence quotes nothing.
UNREACHABLE = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|getaddrinfo failed|NewConnectionError"
    r"|Failed to establish a new connection|Connection (?:refused|reset|timed out|broken|to \S+ timed out)"
    r"|ConnectTimeout|Read timed out|Network is unreachable|Max retries exceeded|ProxyError"
)
# pip settings that uv does not read and that change where packages come from: there pip does the whole work.
OWN_INDEX = re.compile(r"\.(?:index-url|no-index|proxy|client-cert|trusted-host|keyring-provider)=")


class Problem(Exception):
    """What keeps the environment from being built, as one sentence that says what to do."""


class ToolFailed(Exception):
    """A program that was run on the way did not succeed; its output is the first argument."""


def say(text, end="\n"):
    print(text, end=end)
    sys.stdout.flush()


def environment():
    """The environment for pip and uv: the user's own, minus what would install somewhere else than into .venv."""
    env = {k: v for k, v in os.environ.items() if k not in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_LOG")}
    env.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    # Copies, not hard links into uv's cache: editing an installed file must not spoil the cache it is rebuilt from.
    env.setdefault("UV_LINK_MODE", "copy")
    # A blackholed network must not keep people waiting for uv before pip has its turn.
    env.setdefault("UV_HTTP_TIMEOUT", "20")
    if env.get("PIP_CERT"):
        env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
    return env


def run(command):
    """Run a program, print a dot every second, and return its output or raise ToolFailed with it."""
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
    try:
        while True:
            try:
                output = process.communicate(timeout=1)[0]
                break
            except subprocess.TimeoutExpired:
                say(".", end="")
    except BaseException:
        process.kill()
        process.wait()
        raise
    with contextlib.suppress(OSError), open(LOG, "a") as log:
        log.write("$ %s\n%s\n" % (" ".join(command), output))
    if process.returncode:
        raise ToolFailed(output)
    return output


def digest(*paths):
    """A hash of the clone's place and of some files: a .venv does not survive being moved."""
    total = hashlib.sha256(ROOT.encode("utf-8", "surrogateescape"))
    for path in paths:
        with open(path, "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def wanted():
    """What the stamp must say for .venv to be up to date."""
    version = "%d.%d.%d" % sys.version_info[:3]
    return {"python": version, "lock": digest(LOCK), "project": digest(os.path.join(ROOT, "pyproject.toml"))}


def installed():
    """The names of the packages in .venv with their versions, from one look at its folder."""
    version = "python%d.%d" % sys.version_info[:2]
    folder = [VENV, "Lib"] if os.name == "nt" else [VENV, "lib", version]
    with contextlib.suppress(OSError):
        return sorted(name for name in os.listdir(os.path.join(*folder, "site-packages")) if name.endswith(".dist-info"))
    return []


def missing(want):
    """What has to be done to .venv: "" (nothing), "project", or the reason to build it afresh."""
    if not os.path.isdir(VENV):
        return "new"
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
        packages = set(stamp.pop("packages"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "the last installation did not finish"
    if stamp.get("python") != want["python"]:
        return "it was made with Python %s" % stamp.get("python")
    if stamp.get("lock") != want["lock"]:
        return "requirements.lock has changed"
    if packages - set(installed()):
        return "packages are missing from it"
    try:
        # -I: neither PYTHONPATH nor the current folder may vouch for a package.
        subprocess.check_output([PYTHON, "-I", "-c", "import pip"], stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError):
        return "its Python does not run"
    return "" if stamp == want and os.path.exists(LABS) else "project"


def explain(output):
    """The sentence for a failure that people meet and can end, or None."""
    full = "No space left on device" in output or "Disk quota exceeded" in output
    if full or shutil.disk_usage(ROOT).free < 5 * 2**20:
        shutil.rmtree(VENV, ignore_errors=True)  # half an environment is no use to anyone and takes the last space
        return "The disk is full: free about 1 GB for %s (and the temporary folder), then run make again." % VENV
    if "CERTIFICATE_VERIFY_FAILED" in output or "SSLError" in output:
        return (
            "The package index was reached, but its certificate is not trusted here: "
            "point PIP_CERT at your organisation's certificate file, then run make again."
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A downloaded package is not the one in requirements.lock, so nothing was installed from it: "
            "empty pip's cache (pip cache purge) or try another network, then run make again."
        )
    if UNREACHABLE.search(output):
        return (
            "The package index can't be reached: check the network connection "
            "(behind a proxy or mirror, set HTTPS_PROXY or PIP_INDEX_URL), then run make again."
        )
    if "Permission denied" in output:
        return "Some files of %s can't be written: make the folder yours, then run make again." % ROOT
    return None


def last_words(output):
    """The line of a program's output that most likely says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it printed nothing"])[-1].rstrip(".")


def create():
    """Make an empty .venv with pip in it."""
    say("Creating .venv with Python %d.%d.%d " % sys.version_info[:3], end="")
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian ships Python without it
        import venv  # noqa: F401, PLC0415
    except ImportError:
        raise Problem(
            "Python at %s can't make virtual environments: install its venv module "
            "(on Debian and Ubuntu: apt install python%d.%d-venv), then run make again."
            % ((sys.executable,) + sys.version_info[:2])
        ) from None
    if os.path.lexists(STAMP):
        os.remove(STAMP)  # first, so that an interruption from here on leaves no .venv that looks finished
    # This script may itself run in the .venv that it replaces, hence the interpreter underneath.
    base = getattr(sys, "_base_executable", None) or sys.executable
    try:
        run([base, "-I", "-m", "venv", "--clear", VENV])
    except ToolFailed as failure:
        text = failure.args[0]
        raise Problem(explain(text) or ".venv could not be created: %s." % last_words(text)) from None
    say("")


def uv_or_pip():
    """The install command to use: uv where it would do what pip does, only faster, and pip everywhere else."""
    pip = [PYTHON, "-I", "-m", "pip", "install", "--no-compile"]
    if OWN_INDEX.search(run([PYTHON, "-I", "-m", "pip", "config", "list"])):
        return pip
    with open(LOCK) as file:
        pinned = re.search(r"^uv==.*\n(?:    .*\n)*", file.read(), re.MULTILINE)
    only_uv = os.path.join(VENV, "uv.lock")
    if not pinned:
        return pip
    with open(only_uv, "w") as file:
        file.write(pinned.group())
    try:
        run(pip + ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", only_uv])
    except ToolFailed as failure:
        known = explain(failure.args[0])
        if known:
            raise Problem(known) from None
        return pip  # no uv for this platform
    return [PYTHON, "-I", "-m", "uv", "pip", "install", "--python", PYTHON]


def install_packages():
    """Put every package of the lock into .venv, and return the command that did it."""
    with open(LOCK) as file:
        count = len(set(re.findall(r"^([\w.-]+)==", file.read(), re.MULTILINE)))
    say("Installing %d locked packages (about a minute the first time) " % count, end="")
    started = time.time()
    tool = uv_or_pip()
    # The lock is complete, so nothing is resolved: --no-deps is faster and can't reach for anything unlocked.
    arguments = ["--no-deps", "--require-hashes", "-r", LOCK]
    try:
        try:
            run(tool + arguments)
        except ToolFailed as failure:
            if "uv" not in tool:
                raise
            say("\nuv could not do it (%s), pip takes over " % last_words(failure.args[0]), end="")
            tool = [PYTHON, "-I", "-m", "pip", "install", "--no-compile"]
            run(tool + arguments)
    except ToolFailed as failure:
        text = failure.args[0]
        message = "The locked packages could not be installed: %s (everything pip said is in %s)."
        raise Problem(explain(text) or message % (last_words(text), LOG)) from None
    say(" %.0f s" % (time.time() - started))
    return tool


def install_project(tool):
    """Make `import labs` and the labs command work from the files of this clone."""
    say("Adding the workbook itself ", end="")
    arguments = ["--no-deps", "--no-build-isolation", "-e", ROOT]
    try:
        run(tool + arguments)
    except ToolFailed as failure:
        text = failure.args[0]
        message = "The workbook could not be added to .venv: %s (more in %s)."
        raise Problem(explain(text) or message % (last_words(text), LOG)) from None
    say("")


@contextlib.contextmanager
def one_at_a_time():
    """Keep a second make from building the same .venv: it waits here until the first is done."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows, where two at once is left to luck
    except ImportError:
        yield
        return
    with open(__file__) as file:  # a lock on this script leaves no lock file behind
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:
                say("Waiting for another make that is building .venv.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare():
    """Bring .venv up to date; next to nothing happens when it is."""
    with one_at_a_time():
        want = wanted()
        todo = missing(want)
        if not todo:
            return
        if todo == "project":
            os.remove(STAMP)
            tool = [PYTHON, "-I", "-m", "pip", "install", "--no-compile"]
        else:
            if todo != "new":
                say("Building .venv again, because %s." % todo)
            create()
            tool = install_packages()
        install_project(tool)
        with open(STAMP + ".new", "w") as file:
            json.dump(dict(want, packages=installed()), file)
        os.replace(STAMP + ".new", STAMP)


def lock(extra):
    """Resolve pyproject.toml into requirements.lock with the public index, whatever this machine is set up for."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_"))}
    command = [PYTHON, "-I", "-m", "uv", "pip", "compile", "pyproject.toml", "--output-file", "requirements.lock"]
    command += ["--all-groups", "--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-config"]
    say("Resolving pyproject.toml")
    done = subprocess.call(command + extra, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    if done:
        raise Problem("requirements.lock was not changed, because uv could not resolve pyproject.toml (see above).")
    with open(LOCK) as file:
        packages = file.read()
    with open(LOCK, "w") as file:
        file.write(LOCK_HEADER + packages[packages.index("\n\n") + 1 if packages.startswith("#") else 0 :])
    say("requirements.lock is up to date; the next make installs it.")


def become(command):
    """Hand over to a program, so that Ctrl-C and the exit code are its own."""
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command, cwd=ROOT))
    os.chdir(ROOT)
    os.execv(command[0], command)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["lab", "test", "lock", "prepare"])
    parser.add_argument("--port", default="8888", help="where JupyterLab listens")
    options, extra = parser.parse_known_args(arguments)
    if sys.version_info < (3, 11):
        raise Problem(
            "Python 3.11 or newer is needed, and %s is %d.%d: install a newer one, "
            "or say where it is with make PYTHON=/path/to/python3.12." % ((sys.executable,) + sys.version_info[:2])
        )
    prepare()
    if options.command == "lab":
        become([LABS, "start", "--port", options.port] + extra)
    elif options.command == "test":
        become([PYTHON, "-m", "pytest"] + extra)
    elif options.command == "lock":
        lock(extra)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Problem as problem:
        sys.exit("\n%s" % problem)
    except KeyboardInterrupt:
        sys.exit("\nStopped; the next make starts where it is safe to.")
    except OSError as error:
        known = explain(os.strerror(error.errno) if error.errno else "")
        sys.exit("\n%s" % (known or ".venv could not be built: %s." % error))
