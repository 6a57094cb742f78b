"""Work in Blender's timer: registered once, called as often as it asks for, taken back."""

import bpy
from flame_extension.blender_flame_tracker.polling import Poller


def test_work_is_registered_once_however_often_it_is_asked_for():
    poller = Poller(lambda: None)
    assert not poller.running
    poller.start()
    poller.start()
    assert poller.running
    poller.stop()
    assert not poller.running
    poller.stop()


def test_two_pollers_of_one_function_are_two():
    first, second = Poller(bpy.app.is_job_running), Poller(bpy.app.is_job_running)
    first.start()
    assert first.running and not second.running
    first.stop()


def test_the_work_says_when_it_wants_to_be_called_again():
    answers = [0.1, None]
    poller = Poller(lambda: answers.pop(0))
    assert (poller.poll_now(), poller.poll_now()) == (0.1, None)
