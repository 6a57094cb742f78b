"""Playing of a performance by a character: from what was chosen to keys and a report, and anew when a slider moves."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent
from bpy.types import Mesh

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.performance.characters.doubling import CHANNELS_OF
from ...backend.contract.performance.characters.mapping import Mapping
from ...backend.contract.performance.characters.report import RED, named
from ...backend.contract.retarget_settings import RetargetSettings
from ..calibration.live import on_calibration_changed, players
from ..handlers import add_handlers, remove_handlers
from ..nodes.stages.retarget import on_setting_changed
from ..polling import Poller
from ..results.selection import Result
from ..scene.origin import file_of
from ..steps import Steps, finished
from .behind import remember_import
from .checking.doubling import without_doubling
from .checking.report import Report, report_of
from .mapping.mapping_group import group_of
from .mapping.mapping_store import store_mapping, stored_mapping
from .properties import holder_in
from .recognising.recognise import Recognised, lost_targets, recognise_character
from .source import Source, source_of
from .writing.apply import Prepared, carry_out, prepare, prepare_in_steps
from .writing.shots import shot_on


@dataclass(frozen=True)
class Chosen:
    """A character and a performance for it.

    Attributes:
        recognised: The character.
        mapping: With nothing doubled.
        source: The performance.
        notices: What is to be said of file and mapping.
    """

    recognised: Recognised
    mapping: Mapping
    source: Source
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Ready(Chosen):
    """A performance that could be written onto a character now.

    Attributes:
        prepared: What is written, and what stands in its way.
    """

    prepared: Prepared


@dataclass(frozen=True)
class _Played:
    """What a character plays at the moment, to be played anew. Datablocks by name: undo makes others of them.

    Attributes:
        owner: What has the settings, as `_name_of` says it.
        settings: As they were applied.
        track: Track file, None where the settings name another.
        mapping: With nothing doubled.
        holder: What has the calibration, as `_name_of` says it.
        shot: Name of the performance.
    """

    owner: tuple[str, str, str]
    settings: RetargetSettings
    track: Path | None
    mapping: Mapping
    holder: tuple[str, str, str]
    shot: str


_PLAYED: Final[dict[str, _Played]] = {}
"""Name of the object that keeps a character's mapping -> what it plays; of this session of Blender."""

REPORTS: Final[dict[str, Report]] = {}
"""Name of the same object -> the latest report."""

_KEEPERS: Final[dict[str, str]] = {}
"""Name of an object of a character -> that of the one that keeps its mapping."""


def ready(
    character: bpy.types.Object,
    settings: RetargetSettings,
    track: Path | Result | None,
    context: bpy.types.Context,
) -> Ready | Failure:
    """Recognise a character, read the performance and plan, at once. Changes nothing.

    Args: As `choose` has them.
    """
    chosen = choose(character, settings, track, context)
    return chosen if isinstance(chosen, Failure) else finished(ready_in_steps(chosen, settings, context))


def choose(
    character: bpy.types.Object,
    settings: RetargetSettings,
    track: Path | Result | None,
    context: bpy.types.Context,
) -> Chosen | Failure:
    """Recognise a character and read the performance. Changes nothing.

    Args:
        character: Any object of it.
        settings: How.
        track: Where they name no file.
        context: For the scene.
    """
    recognised = recognise_character(context, [character])
    if isinstance(recognised, Failure):
        return recognised
    blocking = next((row for row in recognised.report.rows if row.level == RED), None)
    if blocking is not None:
        return Failure("character-not-ready", blocking.sentence, blocking.advice)
    source = source_of(settings, track, context, surface=bool(recognised.mapping.surface))
    if isinstance(source, Failure):
        return source
    mapping, notices = without_doubling(recognised.mapping)
    return Chosen(recognised, mapping, source, (*source.notices, *notices, *_lost(recognised)))


def ready_in_steps(
    chosen: Chosen, settings: RetargetSettings, context: bpy.types.Context, *, first_frame: bool = False
) -> Steps[Ready | Failure]:
    """Plan in steps; a face of bones takes seconds. Changes nothing.

    Args:
        chosen: With these settings.
        settings: How.
        context: For the scene.
        first_frame: Plan that one alone, see `prepare_in_steps`: to ask, not to write.
    """
    source, mapping = chosen.source, chosen.mapping
    prepared = yield from prepare_in_steps(
        source.performance, source.start, source.rate, mapping, settings, context.scene, first_frame=first_frame
    )
    if isinstance(prepared, Failure):
        return prepared
    return Ready(chosen.recognised, mapping, source, chosen.notices, prepared)


def _lost(recognised: Recognised) -> tuple[Notice, ...]:
    """What is to be said of keys and bones that were renamed or deleted since the character was mapped."""
    lost = lost_targets(recognised)
    if not lost:
        return ()
    sentence = f"The character no longer has {named(lost)}, which its mapping drives."
    return (Notice("mapping-lost", sentence, "Name it so again, or choose Map Anew under the check."),)


def play(made: Ready, settings: RetargetSettings, owner: Any, context: bpy.types.Context) -> Report | Failure:
    """Write what is ready, and return the report on it.

    Args:
        made: By `ready`.
        settings: The same.
        owner: What has the settings, a node or a scene's properties: its changes are played at once from now on.
        context: For the scene.

    Raises:
        ReferenceError: Character or track were removed since; nothing is written.
    """
    owner_name, holder_name = _name_of(owner), _name_of(made.source.holder)
    names = [each.name for each in made.recognised.objects]
    applied = carry_out(made.prepared, settings, context.scene)
    if isinstance(applied, Failure):
        return applied
    thing = made.recognised.holder
    if stored_mapping(thing) is None:
        store_mapping(thing, made.recognised.mapping)
    shot = made.prepared.name
    _PLAYED[thing.name] = _Played(owner_name, settings, made.source.track, made.mapping, holder_name, shot)
    report = report_of(shot, applied, [f"{each.sentence} {each.advice}".strip() for each in made.notices])
    REPORTS[thing.name] = report
    for name in names:
        _KEEPERS[name] = thing.name
    remember_import(made.recognised.objects, made.source.holder)
    return report


def report_on(thing: bpy.types.Object) -> Report | None:
    """Return the latest report on the character that an object belongs to. Cheap enough for drawing."""
    return REPORTS.get(_KEEPERS.get(thing.name, thing.name))


# Anew.


def _name_of(owner: Any) -> tuple[str, str, str]:
    """Kind and name of the datablock that something is or belongs to, and, of a node, its own name."""
    block = owner.id_data
    return block.bl_rna.identifier, block.name_full, owner.name if isinstance(owner, bpy.types.Node) else ""


def _calibration_changed(holder: Any, channels: frozenset[str] | None) -> None:
    _recall(holder)
    for name, played in list(_PLAYED.items()):
        if played.holder == _name_of(holder):
            _play_soon(name, played, channels)


def _has_character(scene: bpy.types.Scene) -> bool:
    """Whether a scene has a character onto which a performance was put."""
    return any(len(group_of(each).rows) > 0 for each in scene.objects)


def _recall(holder: Any) -> None:
    """Take note of what characters play since an earlier session: their keys say so."""
    unknown = [each for each in bpy.context.scene.objects if len(group_of(each).rows) > 0 and each.name not in _PLAYED]
    shots = {thing: found for thing in unknown if (found := _shots_on(thing))}
    if not shots:
        return  # Most likely: the source is not read with every step of a slider.
    owner = holder_in(bpy.context)
    settings = owner.settings(bpy.context.scene)
    track = file_of(holder) if isinstance(holder, bpy.types.Collection) else None
    source = source_of(settings, track, bpy.context, known=True)
    if isinstance(source, Failure) or _name_of(source.holder) != _name_of(holder):
        return
    shot = source.performance.name
    for thing, found in shots.items():
        stored = stored_mapping(thing)
        if stored is None or shot not in found:
            continue
        mapping, _ = without_doubling(stored)
        _PLAYED[thing.name] = _Played(_name_of(owner), settings, source.track, mapping, _name_of(holder), shot)


def _shots_on(thing: bpy.types.Object) -> set[str]:
    """Names of the shots on what the mapping that an object keeps drives."""
    driven = {row.thing for row in group_of(thing).rows} - {None}
    owners = [each.data.shape_keys if isinstance(each.data, Mesh) else each for each in driven]
    return {shot for owner in owners if owner is not None and (shot := shot_on(owner)) is not None}


def _setting_changed(owner: Any) -> None:
    for name, played in list(_PLAYED.items()):
        if played.owner == _name_of(owner):
            _PLAYED[name] = replace(played, settings=owner.settings(bpy.context.scene))
            _play_soon(name, _PLAYED[name], None)


def _play_soon(name: str, played: _Played, channels: Iterable[str] | None) -> None:
    """Play anew at once; a face of bones, which is solved as a whole for seconds, once the slider rests."""
    if not any(each.use for each in played.mapping.surface):
        _play_again(name, played, channels)
    elif bpy.app.background:
        _play_again(name, played, None)
    else:
        _WAITING[name] = time.monotonic() + _REST
        POLLER.start()


_REST: Final = 0.4
"""Seconds without a change after which a slider rests."""
_WAITING: Final[dict[str, float]] = {}
"""Name of the object that keeps a mapping -> when its character is played anew."""


def _play_waiting() -> float | None:
    """Play anew what has waited for long enough, as a step of undo of its own; not while a renderer reads the scene."""
    if bpy.app.is_job_running("RENDER"):
        return _REST
    for name, due in list(_WAITING.items()):
        if time.monotonic() < due:
            continue
        del _WAITING[name]
        if name in _PLAYED:
            _play_again(name, _PLAYED[name], None)
            bpy.ops.ed.undo_push(message="Play Anew")
    return 0.1 if _WAITING else None


POLLER: Final = Poller(_play_waiting, delay=_REST)


def _play_again(name: str, played: _Played, channels: Iterable[str] | None) -> None:
    """Write a performance anew, where the character still plays it; what was edited by hand since stays.

    Args:
        name: Of the object that keeps the mapping.
        played: What it plays.
        channels: Those that may have changed; all, and the head, where None.
    """
    thing = bpy.data.objects.get(name)
    if thing is None:
        del _PLAYED[name]
        return
    if any(each not in bpy.data.objects for each in _objects_of(played.mapping)):  # Renamed since, or deleted.
        mapping, _ = without_doubling(stored_mapping(thing) or played.mapping)
        played = _PLAYED[name] = replace(played, mapping=mapping)
    settings = replace(played.settings, existing="leave")
    source = source_of(settings, played.track, bpy.context, surface=bool(played.mapping.surface), known=True)
    if isinstance(source, Failure):
        return
    mapping = played.mapping if channels is None else _following(played.mapping, frozenset(channels))
    prepared = prepare(source.performance, source.start, source.rate, mapping, settings, bpy.context.scene)
    if isinstance(prepared, Failure) or prepared.name != played.shot:
        return
    if any(shot_on(owner) == played.shot for owner, _ in prepared.plan.owners):
        carry_out(prepared, settings, bpy.context.scene, verify=False)


def _objects_of(mapping: Mapping) -> set[str]:
    """Names of the objects that a mapping drives."""
    return {each.mesh for each in mapping.shapes} | {
        each.armature for each in (*mapping.controls, *mapping.joints, *mapping.surface)
    }


def _following(mapping: Mapping, channels: frozenset[str]) -> Mapping:
    """The part of a mapping that follows some channels: a slider shall not wait for the rest.

    Controls that follow the surface all follow all channels, and have to know how the joints of their armature turn.
    """
    whole = {each.armature for each in mapping.surface}
    return replace(
        mapping,
        shapes=tuple(each for each in mapping.shapes if channels.intersection(each.parts)),
        controls=tuple(each for each in mapping.controls if channels.intersection(each.parts)),
        joints=tuple(
            each
            for each in mapping.joints
            if each.armature in whole or channels.intersection(CHANNELS_OF.get(each.joint, ()))
        ),
    )


CLASSES: Final[tuple[type, ...]] = ()


@persistent
def _forget(*_: Any) -> None:
    """What another file's characters play says nothing of those with their names in this one."""
    POLLER.stop()
    for each in (_WAITING, _PLAYED, REPORTS, _KEEPERS):
        each.clear()


_HANDLERS: Final = (("load_post", _forget),)


def register() -> None:
    """Listen to sliders."""
    add_handlers(_HANDLERS)
    on_calibration_changed.append(_calibration_changed)
    players.append(_has_character)
    on_setting_changed.append(_setting_changed)


def unregister() -> None:
    """Listen no more, and forget what is played."""
    on_calibration_changed.remove(_calibration_changed)
    players.remove(_has_character)
    on_setting_changed.remove(_setting_changed)
    remove_handlers(_HANDLERS)
    _forget()
