"""The command line of `install_deps.py`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..contract.failure import Failure
from ..contract.installation import ENGINE, Layout
from .add_on_zip import build_zip
from .checks import run_checks, run_demo, test_commands
from .install.environment import InstalledEnvironment, ensure_environment
from .layout import claim, locked
from .plan.extras import EXTRAS
from .plan.graphics import find_nvidia_driver
from .plan.libraries import how_to_get, missing_display_libraries
from .plan.planning import InstallRequest
from .plan.sources import Sources
from .report.doctor import main as doctor
from .report.event_reporter import EventReporter, own_output, stop_no_more, stop_when_asked
from .report.plan_report import check_engine, describe_plan, describe_state
from .report.terminal_reporter import TerminalReporter
from .reporter import Reporter

INTERRUPTED = 130


def main(arguments: Sequence[str], project: Path) -> int:
    """Set up the engine and do what else is asked.

    Args:
        arguments: Command line without the program's name.
        project: Folder of the program.

    Returns:
        Exit status: 0 when all went well, 1 for a failure, 2 for a wrong command line, 130 after Ctrl-C.
    """
    options = parser(project).parse_args(arguments)
    layout = Layout(options.target)
    if options.package:
        return _package(project, options.out)
    if options.doctor:
        return doctor(["--target", str(layout.root), *(["--full"] if options.full else [])])
    if options.no_network and options.wheelhouse is None:
        parser(project).error("--no-network needs --wheelhouse DIR: the folder that the packages come from")
    if options.events:
        return _run_with_events(options, layout, project)
    question = _question(options, layout, project)
    if question is not None:
        name, answer = question
        print(json.dumps({name: answer}, indent=1))
        return 0
    reporter = TerminalReporter()
    # As Ctrl-C: what pip has started ends with us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = set_up(options, layout, project, reporter)
    except KeyboardInterrupt:
        reporter.error("Interrupted. What was ready before still is; start this again to go on.")
        return INTERRUPTED
    if isinstance(result, Failure):
        reporter.error(str(result))
        return 1
    return _after_setup(options, result, layout, project, reporter)


def parser(project: Path) -> argparse.ArgumentParser:
    """Return the parser; folders that are not named lie in the program's."""
    result = argparse.ArgumentParser(
        prog="install_deps.py",
        description="Sets up the tracking engine in a folder of its own and nothing outside it. "
        "Starting it again is quick and repairs what is broken.",
    )
    result.add_argument(
        "--target", type=_folder, default=project / ".venv", metavar="DIR", help="folder to install into"
    )
    what = result.add_mutually_exclusive_group()
    what.add_argument("--demo", action="store_true", help="set up, then make a clip, track it and import it in Blender")
    what.add_argument("--test", action="store_true", help="set up, then run all tests and checks")
    what.add_argument("--doctor", action="store_true", help="say what is there and what is missing; install nothing")
    what.add_argument("--plan", action="store_true", help="say as JSON what would be fetched, and what is in the way")
    what.add_argument("--state", action="store_true", help="say as JSON whether the engine is complete, outdated, ...")
    what.add_argument("--check", action="store_true", help="the same after importing all packages")
    what.add_argument("--package", action="store_true", help="build the add-on's zip; install nothing")
    result.add_argument(
        "--out", type=_folder, default=project / "dist", metavar="DIR", help="with --package: its folder"
    )
    result.add_argument(
        "--events",
        action="store_true",
        help="write one JSON object per line to standard output, as the engine does; ends on a line 'cancel' on "
        "standard input, and when that is closed",
    )
    result.add_argument("--full", action="store_true", help="with --doctor: personal paths too")
    _add_choices(result, project)
    return result


def _add_choices(result: argparse.ArgumentParser, project: Path) -> None:
    """Add what says how the environment is made: sources, builds, Python, lists."""
    result.add_argument("--wheelhouse", type=_folder, metavar="DIR", help="folder with wheels to use as well")
    result.add_argument("--no-network", action="store_true", help="use nothing but the folder of --wheelhouse")
    result.add_argument(
        "--with",
        dest="extras",
        action="append",
        default=[],
        choices=sorted(EXTRAS),
        help="an optional renderer; it is compiled here, so it needs a compiler",
    )
    result.add_argument("--farm", action="store_true", help="Dask too, which spreads a batch over several computers")
    result.add_argument(
        "--torch",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="build of torch; auto looks for NVIDIA's driver",
    )
    result.add_argument("--python", default="", metavar="PATH", help="the Python to use, instead of looking for one")
    result.add_argument(
        "--requirements",
        type=_folder,
        default=project / "requirements",
        metavar="DIR",
        help="folder of the package lists",
    )


def _folder(text: str) -> Path:
    """Return a folder of the command line, absolute."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"there is no user of that name: {text}") from None


def _run_with_events(options: argparse.Namespace, layout: Layout, project: Path) -> int:
    """Do what is asked for a program that reads events, and that stops us with ``cancel`` or by going away."""
    with own_output() as stream:
        reporter = EventReporter(stream)
        try:
            stop_when_asked()
            reporter.hello()
            question = _question(options, layout, project)
            if question is not None:
                name, answer = question
                reporter.done({}, **{name: answer})
                return 0
            reporter.job()
            result = set_up(options, layout, project, reporter)
            stop_no_more()
            if isinstance(result, Failure):
                reporter.failed(result, str(layout.log))
                return 1
            reporter.done({name: str(environment.python) for name, environment in result.items()})
            return 0
        except KeyboardInterrupt:
            reporter.cancelled()
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the border of the process: no traceback may reach the user
            traceback.print_exc(file=sys.stderr)
            reporter.failed(_internal(error), str(layout.log))
            return 1
        finally:
            stop_no_more()
            reporter.close()


def _internal(error: Exception) -> Failure:
    return Failure(
        "internal",
        f"Something went wrong inside the installer ({type(error).__name__}: {error}).",
        "Please report it with the log.",
    )


def _question(options: argparse.Namespace, layout: Layout, project: Path) -> tuple[str, dict[str, Any]] | None:
    """Answer what only looks; None where something is to be done."""
    requirements = options.requirements
    if options.plan:
        request = _request(options, ENGINE, (ENGINE,), project)
        return "plan", describe_plan(layout, request, find_nvidia_driver())
    if options.state:
        return "state", describe_state(layout, requirements)
    if options.check:
        return "state", check_engine(layout, requirements, project, find_nvidia_driver())
    return None


def _package(project: Path, folder: Path) -> int:
    result = build_zip(project, folder)
    if isinstance(result, Failure):
        print(result, file=sys.stderr)
        return 1
    print(result)
    return 0


def set_up(
    options: argparse.Namespace, layout: Layout, project: Path, reporter: Reporter
) -> dict[str, InstalledEnvironment] | Failure:
    """Make every environment that is asked for, or say why it cannot be made."""
    wheelhouse = options.wheelhouse
    if wheelhouse is not None and not wheelhouse.is_dir():
        return Failure("wheelhouse-missing", f"There is no folder {wheelhouse}.", "Name one that has wheels.")
    failure = claim(layout)
    if failure is not None:
        return failure
    environments: dict[str, InstalledEnvironment] = {}
    with locked(layout) as in_use:
        if in_use is not None:
            return in_use
        driver = find_nvidia_driver()
        for name, purposes in _environments(options):
            result = ensure_environment(layout, _request(options, name, purposes, project), driver, reporter)
            if isinstance(result, Failure):
                return result
            environments[name] = result
    return environments


def _request(options: argparse.Namespace, name: str, purposes: tuple[str, ...], project: Path) -> InstallRequest:
    wheelhouse = options.wheelhouse
    return InstallRequest(
        name=name,
        purposes=purposes,
        requirements=options.requirements,
        project=project,
        extras=tuple(options.extras) if name == ENGINE else (),
        torch=options.torch,
        python=options.python,
        sources=Sources(wheelhouse, options.no_network),
    )


def _after_setup(
    options: argparse.Namespace,
    environments: dict[str, InstalledEnvironment],
    layout: Layout,
    project: Path,
    reporter: TerminalReporter,
) -> int:
    """Say that all is ready, and run the demo or the tests where that is asked."""
    _report_success(environments, layout, reporter)
    if options.test or options.demo:
        missing = missing_display_libraries()
        if missing:
            reporter.note(f"Blender cannot draw here without {', '.join(missing)}. {how_to_get(missing)}")
    if options.demo:
        return run_demo(environments[ENGINE].python, project, reporter)
    if options.test:
        return _test(environments, project, reporter)
    return 0


def _environments(options: argparse.Namespace) -> list[tuple[str, tuple[str, ...]]]:
    farm = ("farm",) if options.farm else ()
    if options.test:
        return [
            ("engine", ("engine", "blender-4.5", "farm", "development")),
            ("blender-4.2", ("blender-4.2",)),
            ("blender-5.0", ("blender-5.0",)),
        ]
    if options.demo:
        return [("engine", ("engine", "blender-4.5", *farm))]
    return [("engine", ("engine", *farm))]


def _test(environments: dict[str, InstalledEnvironment], project: Path, reporter: TerminalReporter) -> int:
    others = {name: result.python for name, result in environments.items() if name != "engine"}
    failed = run_checks(test_commands(environments[ENGINE].python, others), project, reporter)
    if failed:
        reporter.error(f"Failed: {', '.join(failed)}.")
        return 1
    return 0


def _report_success(environments: dict[str, InstalledEnvironment], layout: Layout, reporter: TerminalReporter) -> None:
    made = [name for name, result in environments.items() if result.made]
    what = f"{', '.join(made)} set up" if made else "everything was there already and is whole"
    reporter.step(f"Ready: {what}.")
    reporter.note(f"Track a video with: {_shown(layout.python)} -m backend track VIDEO --out DIR")


def _shown(path: Path) -> str:
    try:
        text = str(path.relative_to(Path.cwd()))
    except ValueError:
        text = str(path)
    return f'"{text}"' if " " in text else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[2]))
