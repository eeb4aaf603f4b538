"""`make run`: check, start, set up, say where it is, watch, and stop all of it on Ctrl-C."""

import http.client
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from governance.project import addresses, env, keys
from governance.project.embedded import postgres, servers, valkey
from governance.project.embedded.folders import DataFolder
from governance.project.launcher import preflight, programs
from governance.project.launcher.programs import ROOT, Installation, StepFailedError
from governance.project.launcher.supervisor import Program, Supervisor

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.1
READY_SECONDS = 60.0


class StopAsked(BaseException):
    """Somebody asked us to stop, by a key or a signal."""


def main() -> None:
    for number in STOPPING:
        signal.signal(number, _ask_to_stop)
    environment = env.from_process()
    home = DataFolder(environment.path("DATA_DIR", default=ROOT / "var"))
    bind = environment.text("BIND", "127.0.0.1")
    installation = Installation(
        home=home,
        bind=bind,
        port=environment.port("PORT", default=8000),
        hive_port=environment.port("HIVE_PORT", default=10000),
        environment=programs.environment_of(home),
    )
    home.prepare()
    held = preflight.lock(home.lock_file)
    preflight.check_port(bind=bind, port=installation.port, setting="PORT")
    preflight.check_port(bind=bind, port=installation.hive_port, setting="HIVE_PORT")
    installation.prepare()
    supervisor = Supervisor(say=say)
    try:
        run(environment, installation, supervisor)
    except StopAsked:
        say("Stopping …")
    except (StepFailedError, postgres.PostgresFailedError, valkey.ValkeyFailedError) as error:
        sentence = f"Lakewarden did not start: {error}"
        raise preflight.CannotStartError(sentence) from error
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop_all()
        held.close()
    say("Stopped.")


def run(environment: env.Environment, installation: Installation, supervisor: Supervisor) -> None:
    """Start everything in order, then watch it until StopAsked is raised."""
    began = time.monotonic()
    supervisor.start_guard()
    start_servers(environment, installation.home, supervisor)
    notes: list[str] = []
    installation.run_step("set_up", say=notes.append)
    for program in installation.programs():
        supervisor.start(program)
    wait_until_ready(installation, supervisor)
    load_demo(environment, installation, say=notes.append)
    announce(environment, installation, notes, seconds=time.monotonic() - began)
    while True:
        supervisor.watch()
        time.sleep(LOOK_SECONDS)


def start_servers(environment: env.Environment, home: DataFolder, supervisor: Supervisor) -> None:
    """The embedded servers, each unless an address names another."""
    placed = servers.place(home)
    if environment.text("REDIS_URL") is None:
        supervisor.start(Program(name="server valkey", start=placed.valkey.start))
    if environment.text("DATABASE_URL") is None:
        keys.make(home)
        servers.end_leftover(placed.postgres.data)
        supervisor.start(
            Program(
                name="server postgres",
                start=placed.postgres.start,
                stop_signal=signal.SIGINT,
                patience_seconds=postgres.STOP_SECONDS,
            )
        )
        placed.postgres.provision()
    servers.write_urls(home, placed)


def wait_until_ready(installation: Installation, supervisor: Supervisor) -> None:
    """Until the web answers. A program that ends meanwhile is started again, as later."""
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(installation):
        if time.monotonic() > deadline:
            logs = installation.home.logs
            message = f"the web did not answer within {READY_SECONDS:g} s; see {logs}/web.log."
            raise StepFailedError(message)
        supervisor.watch()
        time.sleep(0.05)


def load_demo(
    environment: env.Environment, installation: Installation, *, say: Callable[[str], None]
) -> None:
    """The demo workspace, once, beside an embedded database and unless DEMO=0."""
    done = installation.home.root / "demo.loaded"
    is_wanted = environment.flag("DEMO", default=environment.text("DATABASE_URL") is None)
    if is_wanted and not done.exists():
        installation.run_step("load_demo", say=say)
        done.touch()


def announce(
    environment: env.Environment, installation: Installation, notes: list[str], *, seconds: float
) -> None:
    origin = addresses.public_url(environment, bind=installation.bind, port=installation.port)
    lines = [
        "",
        f"Lakewarden is ready ({seconds:.1f} s).",
        f"  portal        {origin}/",
        f"  admin         {origin}/admin/",
        f"  REST          {origin}/api/docs/",
        f"  Hive gateway  {installation.bind}:{installation.hive_port}",
        f"  logs          {installation.home.logs}",
        "",
    ]
    if notes:
        lines += ["Shown once:", *(f"  {note}" for note in notes), ""]
    say("\n".join([*lines, "Ctrl-C stops it."]))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _answers(installation: Installation) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(installation.bind, installation.bind)  # noqa: S104
    connection = http.client.HTTPConnection(host, installation.port, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _ask_to_stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise StopAsked


if __name__ == "__main__":
    main()
