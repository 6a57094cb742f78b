"""One supervised process, whoever applies what it says: its version, its deadlines, its end."""

import sys
import time
from pathlib import Path

import pytest
from alive import gone_within
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.backend.contract.supervision.supervisor import Supervisor, Timeouts
from flame_extension.blender_flame_tracker.engine.environment import Environment
from flame_extension.blender_flame_tracker.engine.installer import Installer
from flame_extension.blender_flame_tracker.engine.model_files import ModelList
from flame_extension.blender_flame_tracker.engine.quick_look import FaceSearch

SAY = "import json, time\ndef say(event, **fields):\n    print(json.dumps(dict(event=event, **fields)), flush=True)"
HELLO = 'say("hello", protocol=1)'
OTHER_VERSION = 'say("hello", protocol=99, version="9.9")'
DONE = 'say("done")'
STAYS = "time.sleep(60)"


class Notes:
    """Notes what it is told; a ``done`` event is the final one."""

    def __init__(self):
        self.said, self.end = [], ""

    @property
    def over(self):
        return self.end != ""

    def take(self, event):
        self.said.append(event["event"])
        if event["event"] == "done":
            self.end = "done"

    def fail(self, failure):
        self.end = failure.sentence

    def cancelled(self):
        self.end = "cancelled"

    def reason_of(self, end):
        return Failure("early", "no hello" if end.exit_code is None else f"exit {end.exit_code}", "Try again.")


@pytest.fixture
def begin(tmp_path):
    """Starts a program of some lines; it is ended after the test."""
    started = []

    def start(*lines, handler=None, **timeouts):
        supervisor, notes = Supervisor(Timeouts(**timeouts)), Notes() if handler is None else handler
        command = [sys.executable, "-c", "\n".join((SAY, *lines))]
        assert supervisor.start(Engine(Path(sys.executable), tmp_path), command, tmp_path / "log", notes) is None
        started.append(supervisor)
        return supervisor, notes

    yield start
    for each in started:
        each.close(0.0)


def poll_until(supervisor, condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        supervisor.poll()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_events_are_applied_until_the_final_one(begin):
    supervisor, notes = begin(HELLO, 'say("progress", done=1)', DONE, 'say("progress", done=2)')
    assert supervisor.busy and supervisor.pid
    supervisor.wait()
    assert (notes.said, notes.end) == (["hello", "progress", "done"], "done")
    assert not supervisor.busy and not supervisor.ending and supervisor.pid is None


def test_a_process_that_stays_after_its_final_event_is_ended(begin):
    supervisor, notes = begin(HELLO, DONE, STAYS, final_event=0.1)
    pid = supervisor.pid
    supervisor.wait()
    assert notes.end == "done" and gone_within(5, pid)


@pytest.mark.parametrize(("lines", "end"), [((HELLO, "raise SystemExit(3)"), "exit 3"), ((STAYS,), "no hello")])
def test_an_end_without_a_final_event_is_explained_by_the_handler(begin, lines, end):
    supervisor, notes = begin(*lines, hello=0.3)
    supervisor.wait()
    assert notes.end == end


def test_a_program_that_says_other_things_has_less_time_to_say_hello(begin):
    supervisor, notes = begin("print('Usage: something else', flush=True)", STAYS, hello=600.0, hello_after_noise=0.1)
    supervisor.wait()
    assert notes.end == "no hello"


def test_whoever_cancels_before_the_first_word_sees_no_failure(begin):
    supervisor, notes = begin(STAYS, cancel=0.1, hello=0.1)
    supervisor.cancel()
    assert supervisor.stopping
    supervisor.wait()
    assert notes.end == "cancelled" and not supervisor.stopping


def test_talk_without_end_holds_up_no_deadline(begin):
    supervisor, notes = begin(HELLO, "while True:\n    say('notice')", cancel=0.1)
    poll_until(supervisor, lambda: notes.said)
    supervisor.cancel()
    supervisor.wait()
    assert notes.end == "cancelled"


def test_closing_ends_everything_at_once(begin):
    supervisor, notes = begin(HELLO, STAYS)
    poll_until(supervisor, lambda: notes.said)
    pid = supervisor.pid
    supervisor.close(0.0)
    assert notes.end == "cancelled" and not supervisor.busy and gone_within(5, pid)


def test_everybody_refuses_an_engine_of_another_version(begin, tmp_path):
    models, search, installer = ModelList(), FaceSearch(tmp_path), Installer(Environment(tmp_path / "engine"))
    installer.over = False  # As after `start`, which would start the real installer.
    for handler in (models, search, installer):
        supervisor, _ = begin(OTHER_VERSION, STAYS, handler=handler, final_event=0.0)
        supervisor.wait()
        assert handler.over
    assert models.problem.code == search.result.code == "engine-other-version"
    assert "9.9" in models.problem.sentence and "different versions" in installer.environment.reason
