"""The command line of `install_deps.py`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..contract.failure import Failure
from ..contract.installation import Layout
from ..doctor import main as doctor
from .checks import run_checks, run_demo, test_commands
from .extras import EXTRAS
from .graphics import find_nvidia_driver
from .installation import Ready, Wish, ensure, locked
from .layout import claim
from .libraries import how_to_get, missing_display_libraries
from .packages import Sources
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
    options = _parser(project).parse_args(arguments)
    layout = Layout(options.target.expanduser().absolute())
    if options.doctor:
        return doctor(["--target", str(layout.root), *(["--full"] if options.full else [])])
    if options.no_network and options.wheelhouse is None:
        _parser(project).error("--no-network needs --wheelhouse DIR: the folder that the packages come from")
    reporter = Reporter()
    try:
        return _set_up(options, layout, project, reporter)
    except KeyboardInterrupt:
        reporter.error("Interrupted. What was ready before still is; start this again to go on.")
        return INTERRUPTED


def _parser(project: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install_deps.py",
        description="Sets up the tracking engine in a folder of its own and nothing outside it. "
        "Starting it again is quick and repairs what is broken.",
    )
    parser.add_argument("--target", type=Path, default=project / ".venv", metavar="DIR", help="folder to install into")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--demo", action="store_true", help="set up, then make a clip, track it and import it in Blender")
    what.add_argument("--test", action="store_true", help="set up, then run all tests and checks")
    what.add_argument("--doctor", action="store_true", help="say what is there and what is missing; install nothing")
    parser.add_argument("--full", action="store_true", help="with --doctor: personal paths too")
    parser.add_argument("--wheelhouse", type=Path, metavar="DIR", help="folder with wheels to use as well")
    parser.add_argument("--no-network", action="store_true", help="use nothing but the folder of --wheelhouse")
    parser.add_argument(
        "--with",
        dest="extras",
        action="append",
        default=[],
        choices=sorted(EXTRAS),
        help="an optional renderer; it is compiled here, so it needs a compiler",
    )
    parser.add_argument(
        "--torch",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="build of torch; auto looks for NVIDIA's driver",
    )
    parser.add_argument("--python", default="", metavar="PATH", help="the Python to use, instead of looking for one")
    parser.add_argument(
        "--requirements", type=Path, default=project / "requirements", metavar="DIR", help="folder of the package lists"
    )
    return parser


def _set_up(options: argparse.Namespace, layout: Layout, project: Path, reporter: Reporter) -> int:
    wheelhouse = options.wheelhouse.expanduser().absolute() if options.wheelhouse else None
    if wheelhouse is not None and not wheelhouse.is_dir():
        return _refuse(
            Failure("wheelhouse-missing", f"There is no folder {wheelhouse}.", "Name one that has wheels."), reporter
        )
    failure = claim(layout)
    if failure is not None:
        return _refuse(failure, reporter)
    ready: dict[str, Ready] = {}
    with locked(layout) as in_use:
        if in_use is not None:
            return _refuse(in_use, reporter)
        driver = find_nvidia_driver()
        for name, purposes in _environments(options):
            wish = Wish(
                name=name,
                purposes=purposes,
                requirements=options.requirements.expanduser().absolute(),
                project=project,
                extras=tuple(options.extras) if name == "engine" else (),
                torch=options.torch,
                python=options.python,
                sources=Sources(wheelhouse, options.no_network),
            )
            result = ensure(layout, wish, driver, reporter)
            if isinstance(result, Failure):
                return _refuse(result, reporter)
            ready[name] = result
    _say_ready(ready, layout, reporter)
    if options.test or options.demo:
        missing = missing_display_libraries()
        if missing:
            reporter.note(f"Blender cannot draw here without {', '.join(missing)}. {how_to_get(missing)}")
    if options.demo:
        return run_demo(ready["engine"].python, project, reporter)
    if options.test:
        return _test(ready, project, reporter)
    return 0


def _environments(options: argparse.Namespace) -> list[tuple[str, tuple[str, ...]]]:
    if options.test:
        return [
            ("engine", ("engine", "blender-4.5", "development")),
            ("blender-4.2", ("blender-4.2",)),
            ("blender-5.0", ("blender-5.0",)),
        ]
    if options.demo:
        return [("engine", ("engine", "blender-4.5"))]
    return [("engine", ("engine",))]


def _test(ready: dict[str, Ready], project: Path, reporter: Reporter) -> int:
    others = {name: result.python for name, result in ready.items() if name != "engine"}
    failed = run_checks(test_commands(ready["engine"].python, others), project, reporter)
    if failed:
        reporter.error(f"Failed: {', '.join(failed)}.")
        return 1
    return 0


def _say_ready(ready: dict[str, Ready], layout: Layout, reporter: Reporter) -> None:
    made = [name for name, result in ready.items() if result.made]
    what = f"{', '.join(made)} set up" if made else "everything was there already and is whole"
    reporter.step(f"Ready: {what}.")
    reporter.note(f"Track a video with: {_shown(layout.python)} -m backend track VIDEO --out DIR")


def _shown(path: Path) -> str:
    try:
        text = str(path.relative_to(Path.cwd()))
    except ValueError:
        text = str(path)
    return f'"{text}"' if " " in text else text


def _refuse(failure: Failure, reporter: Reporter) -> int:
    reporter.error(f"{failure.sentence} {failure.advice}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[2]))
