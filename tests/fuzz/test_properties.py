"""Properties of all that can come in: no input makes the contract raise, and what it lets through is right."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.contract.checks import is_path, is_real, is_text, parse_json
from backend.contract.events import KINDS, decode, encode, entries_of, failure_of, number_of, text_of
from backend.contract.failure import Failure
from backend.contract.foreign_text import shown
from backend.contract.job import ON_REQUEST, STAGES, Job, default_job, parse_job
from backend.contract.options import from_dict, options_of, to_dict
from backend.contract.track_schema import ARRAYS, claim_problem, header_problem, values_problem
from backend.contract.track_schema import KINDS as ARRAY_KINDS

settings.register_profile("fixed", max_examples=80, derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

NUMBERS = st.one_of(st.integers(-(10**40), 10**40), st.floats(), st.booleans(), st.none())
TEXTS = st.text(st.characters(), max_size=40)
DATA = st.recursive(
    st.one_of(NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["name", "seconds", "stages", "outputs", "faces", "models", "plan", "state", "video", "done", "sentence", "code"]
)


def is_clear(failure: Failure) -> bool:
    """Whether a failure is one sentence that can be printed anywhere."""
    return str(failure).isprintable() and len(str(failure)) < 2500 and failure.sentence.endswith(".")


@given(st.binary(max_size=200))
def test_no_line_makes_the_reader_of_events_raise(line: bytes) -> None:
    event = decode(line.decode("utf-8", "replace"))
    assert event is None or event["event"] in KINDS


@given(st.sampled_from(KINDS), st.dictionaries(FIELDS, DATA, max_size=5))
def test_what_stays_of_an_event_is_of_its_kind(kind: str, fields: dict[str, Any]) -> None:
    event = decode(encode({**fields, "event": kind}))
    assert event is not None and event["event"] == kind
    for name in ("seconds", "done"):
        assert event.get(name) is None or (is_real(event[name]) and number_of(event, name) is not None)
    assert is_text(text_of(event, "name")) and is_text(text_of(event, "sentence"))
    assert all(isinstance(each, dict) for each in entries_of(event, "faces"))
    assert all(is_path(path) for path in event.get("outputs", {}).values())
    assert str(failure_of(event, Failure("a", "It failed.", "Look."))).isprintable()


@given(st.one_of(TEXTS, DATA.map(json.dumps)))
def test_no_text_makes_the_reader_of_jobs_raise(text: str) -> None:
    job = parse_job(text)
    assert isinstance(job, Job) or is_clear(job)


@given(st.sampled_from(sorted(STAGES)), st.data())
def test_a_setting_is_taken_or_refused_by_name_whatever_it_is(kind: str, data: st.DataObject) -> None:
    option = data.draw(st.sampled_from(options_of(STAGES[kind].settings)))
    value = data.draw(DATA)
    made = from_dict(STAGES[kind].settings, {option.name: value}, "Here")
    if isinstance(made, Failure):
        assert is_clear(made) and f"'{option.name}'" in made.sentence
    else:
        assert getattr(made, option.name) == value
        again = parse_job(default_job({kind: made}, [kind] if kind in ON_REQUEST else []).to_json())
        assert isinstance(again, Job)
        assert kind not in {stage.kind for stage in again.stages} or to_dict(again.stage(kind).settings) == to_dict(
            made
        )


@given(st.text(st.characters(), max_size=300), st.integers(1, 50))
def test_words_of_others_are_short_and_steer_nothing(text: str, longest: int) -> None:
    words = shown(text, longest)
    assert len(words) <= longest + 1
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) < 0xE000 for letter in words)
    assert is_clear(Failure("a", f"{text}.", "")) or text != text.strip() or not text.isprintable()


@given(st.one_of(st.binary(max_size=60), DATA.map(lambda data: json.dumps(data).encode())))
def test_plain_data_passes_its_check_or_is_none(content: bytes) -> None:
    found = parse_json(content.decode("utf-8", "replace"), lambda value: isinstance(value, dict))
    assert found is None or isinstance(found, dict)


HEADER_NAMES = ["intrinsics", "rate", "focal", "model", "expression_names", "regions", "video", "settings", "report"]


@given(st.dictionaries(st.one_of(st.sampled_from(HEADER_NAMES), TEXTS), DATA, max_size=9))
def test_no_header_makes_its_check_raise(header: dict[str, Any]) -> None:
    problem = header_problem(header)
    assert problem is None or isinstance(problem, str)


@given(
    st.sampled_from(ARRAYS),
    st.sampled_from(["f2", "f4", ">f8", "i1", "i8", "u8", "?", "c8", "U3", "M8[s]", "V4", "O"]),
    st.lists(st.integers(0, 5), max_size=4),
    st.lists(st.sampled_from([0, 1, -1, 2.5, np.nan, np.inf, 1e30, 2**31]), min_size=1, max_size=5),
)
@pytest.mark.filterwarnings("ignore")
def test_no_array_makes_its_check_raise(name: str, kind: str, shape: list[int], values: list[float]) -> None:
    if claim_problem(name, tuple(shape), np.dtype(kind), {}) is not None:
        return
    with np.errstate(all="ignore"):
        array = np.resize(np.array(values, np.float64), shape).astype(kind)
    if values_problem(name, array) is None and array.size:
        numbers = array.astype(np.float64)
        known = numbers[~np.isnan(numbers)]
        assert ((known >= ARRAY_KINDS[name].least) & (known <= ARRAY_KINDS[name].most)).all()
        assert ARRAY_KINDS[name].may_be_unknown or known.size == numbers.size
