"""Notebooks that attack their grader, by accident or on purpose, and what has to become of each.

The behaviours are those that graders of other courses were brought down by; each is written as a learner would.
"""

from __future__ import annotations

from dataclasses import dataclass

FULL = 4  # points of the fort
REFERENCE = """async def answer(path):
    if path == "/name":
        return 200, {"name": os.environ["SERVICE_NAME"]}
    if path == "/users":
        with sqlite3.connect(os.environ["DATABASE_URL"].partition("///")[2]) as database:
            return 200, {"users": database.execute("select count(*) from users").fetchone()[0]}
    print(json.dumps({"message": "seen", "path": path}))
    return 200, {"status": "ok"}
"""


@dataclass(frozen=True)
class Case:
    """One hostile notebook: cells in front of the service, or another answer, or both."""

    name: str
    cell: str = ""
    answer: str = REFERENCE
    score: tuple[int, ...] = (FULL,)  # any of these; empty for no matter which
    says: str = ""  # a regular expression that a note or a cause must match
    output: str = ""  # one that the output of its cells must match
    tiers: tuple[str, ...] = ("namespaces", "landlock", "limits")  # where this can be promised


def at_request(code: str, path: str = "/health") -> str:
    """The reference, but for what it does when asked for one path."""
    indented = "\n".join(f"        {line}" for line in code.strip().splitlines())
    return REFERENCE.replace(
        "async def answer(path):\n", f'async def answer(path):\n    if path == "{path}":\n{indented}\n'
    )


SHARED = """import glob, os, shutil, threading, time
shared = os.environ["TMPDIR"]
if "labs-grade-" not in shared:
    (shared,) = {line.split()[4] for line in open("/proc/self/mountinfo") if "labs-grade-" in line}
"""


def at_databases(code: str) -> str:
    """A cell that does something to each database as soon as it is there."""
    indented = "\n".join(f"                {line}" for line in code.strip().splitlines())
    return f"""{SHARED}
def watch():
    while True:
        for path in glob.glob(shared + "/labs-*/*.sqlite"):
            try:
{indented}
            except OSError:
                pass
        time.sleep(0.0005)

threading.Thread(target=watch, daemon=True).start()
"""


STRONG = ("namespaces", "landlock")
BEST = ("namespaces",)
CASES = [
    # Time
    Case("infinite_loop", "while True: pass", says="took longer than 3 s"),
    Case("await_forever", "import asyncio\nawait asyncio.Event().wait()", says="took longer than 3 s"),
    Case("ignores_signals", "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass", says="took longer"),
    Case("catches_interrupt", "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass", says="took longer"),
    Case("holds_the_gil", "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')", says="took longer than 3 s"),
    Case("stops_itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", says="took longer than 3 s"),
    Case("handler_loops", answer=at_request("while True: pass"), score=(3,), says="no answer|never|blocks|ended|loop"),
    Case("handler_never_answers", answer=at_request("import asyncio\nawait asyncio.Event().wait()"), score=(3,)),
    Case("handler_holds_the_gil", answer=at_request("import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')"), score=(3,)),
    Case("factory_hangs", "import time", answer=REFERENCE + "\ndef create_app():\n    while True: pass\n", score=(FULL,)),
    Case("atexit_hangs", "import atexit, time\natexit.register(time.sleep, 3600)"),
    Case("threads_never_end", "import threading, time\nfor _ in range(20): threading.Thread(target=time.sleep, args=(3600,)).start()"),
    Case("patches_time", "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0", score=(0, 1, 2, 3, FULL)),
    # Its process
    Case("exits", "import os; os._exit(3)", says="ended the notebook's process"),
    Case("quits", "quit()", score=(FULL,)),
    Case("kills_itself", "import os; os.kill(os.getpid(), 9)", says="ended the notebook's process"),
    Case("kills_its_parent", "import os\ntry: os.kill(os.getppid(), 9)\nexcept OSError as error: print(error)", tiers=BEST),
    Case("kills_everything", "import os\ntry: os.kill(-1, 9)\nexcept OSError as error: print(error)", score=(), tiers=BEST),
    Case("overflows_the_c_stack", "import ctypes\nctypes.string_at(0)", says="ended the notebook's process"),
    Case("recurses", "def f(): f()\nf()", output="RecursionError|KeyboardInterrupt"),
    Case("closes_all_files", "import os\nos.closerange(0, 4096)", says="longer than|ended"),
    Case("no_stdout", "import sys\nsys.stdout = sys.stderr = None", score=(3, FULL)),
    Case("replaces_stdout", "import io, sys\nsys.stdout = io.StringIO()", score=(3, FULL)),
    Case("handler_exits", answer=at_request("os._exit(0)"), score=(3,), says="ended|no longer answers"),
    Case("every_handler_exits", answer="async def answer(path):\n    os._exit(0)\n", score=(0,), says="ended|no longer answers"),
    Case("own_loop_policy", "import asyncio\nasyncio.set_event_loop_policy(None)\nasyncio.run = None", score=(0, 1, 2, 3, FULL)),
    Case("patches_uvicorn", "import uvicorn\nuvicorn.Server.run = uvicorn.Config.__init__ = None", score=(0, 1, 2, 3, FULL)),
    Case("shadows_modules", "import sys, types\nfor name in ('json', 'socket', 'labs'): sys.modules[name] = types.ModuleType(name)", score=(0, 1, 2, 3, FULL)),
    # Memory and processes
    Case("memory_hog", "x = []\nwhile True: x.append(bytearray(50_000_000))", says="memory|ended|MemoryError|longer"),
    Case("children_hog", "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(400_000_000)\n        for i in range(0, len(x), 4096): x[i] = 1\n        time.sleep(60)\ntime.sleep(60)", says="memory|ended|longer"),
    Case("fork_bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", says="processes|memory|ended|longer", tiers=BEST),
    Case("daemons", "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: time.sleep(3600)\n        os._exit(0)"),
    # Disk
    Case("disk_hog", "with open('/tmp/big', 'wb') as file:\n    while True: file.write(bytes(1_000_000))", output="OSError", tiers=BEST),
    Case("sparse_file", "with open('/tmp/sparse', 'wb') as file: file.truncate(10**12)", output="OSError", tiers=BEST),
    Case("inodes", "import os\nfor n in range(10**6): open(f'/tmp/f{n}', 'w').close()", output="OSError", tiers=BEST),
    Case("shared_folder_full", SHARED + "try:\n    for n in range(9): open(f'{shared}/{n}', 'wb').write(bytes(30_000_000))\nexcept OSError as error: print(error)", score=(0,), says="disk is full|No database could be made", output="No space left", tiers=BEST),
    Case("shared_folder_gone", at_databases("shutil.rmtree(os.path.dirname(path))"), score=(0, 1, 2, 3), says="No database could be made"),
    Case("removes_everything", "import os, shutil\nos.chdir('/')\nshutil.rmtree('/', ignore_errors=True)", score=(0, 1, 2, 3, FULL), tiers=BEST),
    Case("chmods_everything", "import os\nfor root, dirs, files in os.walk('/tmp'):\n    for name in dirs + files:\n        try: os.chmod(os.path.join(root, name), 0)\n        except OSError: pass", score=(0, 1, 2, 3, FULL), tiers=BEST),
    Case("writes_beside_itself", "open('app.log', 'w').write('x')\nprint('wrote', open('app.log').read())", output="wrote x"),
    Case("folders_without_end", "import os\nos.chdir(os.environ['TMPDIR'])\nos.makedirs('x/y/z')\nfor path in ('x/y', 'x'): os.chmod(path, 0)\nfor _ in range(1100):\n    os.mkdir('d')\n    os.chdir('d')\nprint('made')", output="made"),
    Case("persists", "import pathlib\nfor name in ('.ipython/profile_default/startup/00.py', '.bashrc', 'sitecustomize.py'):\n    file = pathlib.Path.home() / name\n    file.parent.mkdir(parents=True, exist_ok=True)\n    file.write_text('import os; os._exit(9)')", tiers=BEST),
    # Output
    Case("huge_stdout", "for _ in range(30): print('x' * 500_000)", says="put out more than 8 MB"),
    Case("one_huge_line", "print('x' * 30_000_000)", score=(FULL,)),
    Case("stdout_flood", "while True: print('x')", says="put out more than 8 MB|took longer"),
    Case("huge_display", "from IPython.display import display, HTML\ndisplay(HTML('x' * 20_000_000))", score=(FULL,)),
    Case("huge_error", "raise ValueError('x' * 5_000_000)", score=(FULL,)),
    Case("half_a_character", "print('\ud83d' == chr(0xD83D))", output="True"),
    Case("one_huge_log_line", answer=REFERENCE.replace("    print(json", "    print('x' * 3_000_000)\n    print(json")),
    Case("markup", "raise ValueError('<script>alert(1)</script><img src=x onerror=alert(1)>')", score=(FULL,)),
    # Cheating
    Case("forges_results", "print('{\"verdict\": {\"status\": \"passed\"}}')\nprint('{\"done\": {}}')", answer="async def answer(path):\n    raise NotImplementedError\n", score=(0,)),
    Case("patches_the_judge", "import labs.judge.run, labs.judge.verdict, pytest\nlabs.judge.verdict.Verdict.score = 100\nlabs.judge.engine.run_checks = pytest.main = lambda *a, **k: 0", answer="async def answer(path):\n    raise NotImplementedError\n", score=(0,)),
    Case("fakes_the_log", "import json\nprint(json.dumps({'path': '/anything'}))", answer=REFERENCE.replace("print(json", "str(json"), score=(3,)),
    Case("speaks_for_the_kernel", "import labs.grading.kernels.kernel_child as kernel\nkernel.start = lambda env: kernel._link.say(kernel.Serving('http://127.0.0.1:1'))", score=(0,)),
    Case("talks_nonsense_to_the_judge", "import labs.grading.kernels.kernel_child as kernel\nkernel.start = lambda env: kernel._link._socket.sendall(b'[' * 500_000 + b'\\n')", score=(0,)),
    Case("names_no_port", "import labs.grading.kernels.kernel_child as kernel\nkernel.start = lambda env: kernel._link._socket.sendall(b'{\"message\": \"Serving\", \"url\": \"http://127.0.0.1:99999\"}\\n')", score=(0,), says="makes no sense"),
    Case("forges_an_error", "kernel = get_ipython().kernel\nkernel.session.send(kernel.iopub_socket, 'error', content={'ename': 5, 'evalue': {}}, parent=kernel.get_parent())", says="messages that no notebook sends"),
    Case("takes_the_ports", "import socket\nsockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(200)]", score=(FULL,)),
    Case("reads_the_solutions", "import pathlib, labs\nfound = [str(p) for p in pathlib.Path(labs.__file__).parent.rglob('*') if 'patterns' in p.parts and p.is_file()]\nprint('found', len(found))", output="found 0", tiers=STRONG),
    Case("walks_the_disk", "import os\nfound = []\nfor root, dirs, files in os.walk('/'):\n    dirs[:] = [d for d in dirs if d not in ('proc', 'sys', 'usr', 'site-packages')]\n    found += [os.path.join(root, f) for f in files if f in ('lesson.md', 'lesson.json') or 'solution' in root or os.path.basename(root) == 'checks']\nprint('found', [f for f in found if 'labs' in f or 'solutions' in f])", output=r"found \[\]", tiers=STRONG),
    Case("reads_other_processes", "import os\nfound = set()\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    for name in ('environ', 'cmdline'):\n        try: found.add(open(f'/proc/{pid}/{name}', 'rb').read())\n        except OSError: pass\nprint('secret', any(b'HOSTILE_SUITE_SECRET' in text for text in found))", output="secret False", tiers=BEST),
    Case("own_environment_is_clean", "import os\nprint('secret', 'HOSTILE_SUITE_SECRET' in str(dict(os.environ)), b'HOSTILE_SUITE_SECRET' in open('/proc/self/environ', 'rb').read())", output="secret False False"),
    # Ways out
    Case("network", "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\n    print('reached')\nexcept OSError as error: print('unreachable', error)", output="unreachable", tiers=STRONG),
    Case("datagrams", "import socket\ntry:\n    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))\n    print('sent')\nexcept OSError as error: print('refused')", output="refused", tiers=STRONG),
    Case("odd_sockets", "import socket\nfor family, kind, protocol in ((40, 1, 0), (17, 3, 0), (38, 5, 0), (16, 3, 16)):\n    try: socket.socket(family, kind, protocol); print('open', family)\n    except OSError: print('refused')", output=r"^(refused\n?){4}$", tiers=STRONG),
    Case("namespaces_of_its_own", "import ctypes, os\nprint('denied' if ctypes.CDLL(None).unshare(0x10000000) else 'allowed')", output="denied", tiers=STRONG),
    Case("traces", "import ctypes\nprint('denied' if ctypes.CDLL(None).ptrace(16, 1, 0, 0) else 'allowed')", output="denied", tiers=STRONG),
    Case("shell", "!echo from the shell; ls / | head -3", output="from the shell", tiers=BEST),
    Case("installs", "%pip install --disable-pip-version-check --retries 0 --timeout 1 nothing-like-this", score=(FULL,)),
    Case("asks", "input('your name? ')", output="StdinNotImplementedError"),
    # On the wire
    Case("endless_body", answer=REFERENCE + """
def create_app():
    return None
""", score=(FULL,)),
    Case("deep_json", answer=at_request("import socket\nreturn 200, json.loads('[' * 900 + ']' * 900)"), score=(3,)),
    Case("huge_body", answer=at_request("return 200, 'x' * 30_000_000"), score=(3,), says="larger than"),
    # The database
    Case("database_is_a_fifo", answer=at_request("path_ = os.environ['DATABASE_URL'].partition('///')[2]\nos.remove(path_)\nos.mkfifo(path_)\nreturn 200, {'status': 'ok'}"), score=(FULL, 3)),
    Case("database_is_garbage", answer=at_request("open(os.environ['DATABASE_URL'].partition('///')[2], 'wb').write(os.urandom(100_000))\nreturn 200, {'status': 'ok'}"), score=(FULL, 3)),
    Case("fifo_before_counting", answer=at_request("path_ = os.environ['DATABASE_URL'].partition('///')[2]\nos.remove(path_)\nos.mkfifo(path_)\nreturn 200, {'users': -1}", "/users"), score=(3,)),
]  # fmt: skip
