"""Outside tools and workers: each has a time limit, and none outlives lgnc, however lgnc ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lgnc.diagnostics import Failed, ToolMissing
from lgnc.processes import worker_pool
from lgnc.toolchain import run, time_limit
from tests.support import needs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups")

NESTED = "echo $$ > {0}/leader; (trap '' TERM; echo $BASHPID > {0}/child; while :; do sleep 0.2; done) & wait"
"""A tool that starts another, which does not end when asked."""


def alive(pid: int) -> bool:
    """Whether a process runs: one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def pids(folder: Path, *names: str) -> list[int]:
    """The numbers that processes wrote into these files, once all are there."""
    paths = [folder / name for name in names]
    assert wait_for(lambda: all(path.is_file() and path.read_text().strip() for path in paths))
    return [int(path.read_text()) for path in paths]


def gone(numbers: list[int]) -> bool:
    return wait_for(lambda: not any(alive(number) for number in numbers), 15)


def test_a_tool_gives_its_output_and_its_error() -> None:
    assert run(["cat"], data=b"x" * 300_000) == b"x" * 300_000
    assert run(["sh", "-c", "echo $WORD"], env={"WORD": "here"}) == b"here\n"
    with pytest.raises(Failed, match="exit code 3: not that"):
        run(["sh", "-c", "echo not that >&2; exit 3"])
    with pytest.raises(ToolMissing):
        run(["/none/such"])
    with pytest.raises(ToolMissing, match=r"^nowhere: cannot run"):
        run(["true"], cwd=Path("/none/nowhere"))


@pytest.mark.parametrize("asked", [None, 0.5])
def test_a_tool_that_takes_too_long_is_ended_with_its_children(asked: float | None, tmp_path: Path) -> None:
    started = time.monotonic()
    with time_limit(asked), pytest.raises(Failed, match=r"took longer than 0\.5 s"):
        run(["bash", "-c", NESTED.format(tmp_path)], timeout=0.5 if asked is None else 100)
    assert time.monotonic() - started < 30
    assert gone(pids(tmp_path, "leader", "child"))


@pytest.mark.parametrize("word", ["timeout 20", "setsid"])
def test_a_tool_that_leaves_its_group_is_ended_too(word: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Failed, match=r"took longer than 0\.5 s"):
        run([*word.split(), "bash", "-c", NESTED.format(tmp_path)], timeout=0.5)
    assert time.monotonic() - started < 10
    assert gone(pids(tmp_path, "leader", "child"))


def test_a_limit_ends_with_its_block() -> None:
    with time_limit(0.1):
        pass
    assert run(["sh", "-c", "sleep 0.3; echo done"]) == b"done\n"


PROGRAM = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup
from lgnc.processes import raise_on_signals
from lgnc.toolchain import run
raise_on_signals()
run(["bash", "-c", sys.argv[1]])
"""


def ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within half a minute, and not well; else it is killed, for leaving its block waits for it."""
    try:
        return process.wait(30) != 0
    except subprocess.TimeoutExpired:
        process.kill()
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_tool_does_not_outlive_lgnc(number: signal.Signals, tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROGRAM, NESTED.format(tmp_path)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        tools = pids(tmp_path, "leader", "child")
        assert all(alive(tool) for tool in tools)
        process.send_signal(number)
        assert ended(process)
    assert gone(tools)


def hold(folder: Path) -> None:
    """A worker says who it is, and goes on for long."""
    (folder / f"worker{os.getpid()}").write_text(str(os.getpid()))
    time.sleep(1000)


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_workers_end_with_their_block(tmp_path: Path) -> None:
    with worker_pool(2) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]
        pool.submit(hold, tmp_path)
        assert wait_for(lambda: any(tmp_path.iterdir()))
        workers = pids(tmp_path, *(path.name for path in tmp_path.iterdir()))
    assert gone(workers)


def test_a_worker_that_dies_is_one_error() -> None:
    with pytest.raises(Failed, match="worker process died"), worker_pool(1) as pool:
        pool.submit(die, 0).result()


WORKERS = """
import sys
from pathlib import Path
from lgnc.processes import raise_on_signals, worker_pool
from tests.test_toolchain import hold
if __name__ == "__main__":
    raise_on_signals()
    with worker_pool(2) as pool:
        list(pool.map(hold, 2 * [Path(sys.argv[1])]))
"""


DASK = """
import sys
from pathlib import Path
from distributed import Client
from lgnc.processes import dask_cluster, raise_on_signals
from tests.test_toolchain import hold
if __name__ == "__main__":
    raise_on_signals()
    with dask_cluster(2) as cluster, Client(cluster, set_as_default=False) as client:
        client.gather(client.map(hold, 2 * [Path(sys.argv[1])], pure=False))
"""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((WORKERS, number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)),
        *(pytest.param(DASK, number, marks=needs("distributed")) for number in (signal.SIGTERM, signal.SIGKILL)),
    ],
)
def test_workers_do_not_outlive_lgnc(text: str, number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(text)
    there = tmp_path / "there"
    there.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    words = [sys.executable, str(script), str(there)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, env=environment) as process:
        assert wait_for(lambda: len(list(there.iterdir())) == 2)
        workers = pids(there, *(path.name for path in there.iterdir()))
        process.send_signal(number)
        assert ended(process)
    assert gone(workers)
