"""`make run`: check, start, set up, say where it is, watch, and stop all of it on Ctrl-C."""

import http.client
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from governance.project import addresses, env, keys
from governance.project.embedded import postgres, servers, valkey
from governance.project.embedded.folders import DataFolder
from governance.project.launcher import preflight, programs
from governance.project.launcher.milestones import Milestones
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
    held = preflight.take_folder(home)
    preflight.check_port(bind=bind, port=installation.port, setting="PORT")
    preflight.check_port(bind=bind, port=installation.hive_port, setting="HIVE_PORT")
    installation.prepare()
    supervisor = Supervisor(say=say)
    notes: list[str] = []
    try:
        start(environment, installation, supervisor, notes)
        watch(supervisor)
    except StopAsked:
        say("Stopping …")
    except (StepFailedError, postgres.PostgresFailedError, valkey.ValkeyFailedError) as error:
        sentence = f"Lakewarden did not start: {error}"
        raise preflight.CannotStartError(sentence) from error
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        # A start that was cut short has made passwords that are shown only here.
        show_once(notes)
        supervisor.stop_all()
        held.close()
    say("Stopped.")


def start(
    environment: env.Environment,
    installation: Installation,
    supervisor: Supervisor,
    notes: list[str],
) -> None:
    """Everything in order: servers, set-up, programs, demo. `notes` are to be shown once."""
    began = time.monotonic()
    done = Milestones(folder=installation.home.root, checkout=ROOT)
    is_embedded = environment.text("DATABASE_URL") is None
    supervisor.start_guard()
    start_valkey(environment, installation.home, supervisor)
    if is_embedded:
        start_postgres(installation.home, supervisor, done)
    if not (is_embedded and done.is_set_up()):
        installation.run_step("set_up", say=notes.append)
        done.mark_set_up()
    for program in installation.programs():
        supervisor.start(program)
    wait_until_ready(installation, supervisor)
    origin = addresses.public_url(environment, bind=installation.bind, port=installation.port)
    is_demo = environment.flag("DEMO", default=is_embedded)
    if is_demo and not done.is_demo_loaded(origin=origin):
        installation.run_step("load_demo", say=notes.append)
        done.mark_demo_loaded(origin=origin)
    announce(environment, installation, seconds=time.monotonic() - began)
    show_once(notes)
    say("Ctrl-C stops it.")


def watch(supervisor: Supervisor) -> NoReturn:
    """Until StopAsked is raised."""
    while True:
        supervisor.watch()
        time.sleep(LOOK_SECONDS)


def start_valkey(environment: env.Environment, home: DataFolder, supervisor: Supervisor) -> None:
    if environment.text("REDIS_URL") is None:
        placed = servers.place(home)
        supervisor.start(Program(name="server valkey", start=placed.valkey.start))
        servers.write_redis_url(home, placed)


def start_postgres(home: DataFolder, supervisor: Supervisor, done: Milestones) -> None:
    placed = servers.place(home)
    if not home.has_database:
        done.forget()
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
    servers.write_database_urls(home, placed)


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


def announce(environment: env.Environment, installation: Installation, *, seconds: float) -> None:
    origin = addresses.public_url(environment, bind=installation.bind, port=installation.port)
    lines = (
        "",
        f"Lakewarden is ready ({seconds:.1f} s).",
        f"  portal        {origin}/",
        f"  admin         {origin}/admin/",
        f"  REST          {origin}/api/docs/",
        f"  Hive gateway  {installation.bind}:{installation.hive_port}",
        f"  logs          {installation.home.logs}",
        "",
    )
    say("\n".join(lines))


def show_once(notes: list[str]) -> None:
    """Print what the steps said, one-time passwords among it, and forget it."""
    if notes:
        say("\n".join(("Shown once:", *(f"  {note}" for note in notes), "")))
        notes.clear()


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
