"""Graphs as plain data: what passes through, what runs, and how mistakes are named."""

import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.job import STAGES
from flame_extension.blender_flame_tracker.nodes.graph import Node, given, source_of, to_job
from flame_extension.blender_flame_tracker.nodes.specs import spec_of

LINKS = {
    "Video": {},
    "Face": {},
    "Head Model": {},
    "Camera": {"video": "Video"},
    "Landmarks": {"video": "Video", "face": "Face"},
    "Fit": {"landmarks": "Landmarks", "head": "Head Model", "camera": "Camera"},
    "Smooth": {"fit": "Fit"},
    "Track File": {"fit": "Smooth"},
    "Scene": {"track": "Track File"},
    "Report": {"track": "Track File", "video": "Video"},
}
KINDS = {spec.label: kind for kind, spec in STAGES.items()} | {"Scene": "scene"}


def node(name, links, kind=None, muted=False):
    kind = KINDS[name] if kind is None else kind
    return Node(name, f"My {name}", kind, spec_of(kind) if kind else None, muted, links)


def make_graph(*others, without=()):
    graph = {name: node(name, links) for name, links in LINKS.items() if name not in without}
    return graph | {each.name: each for each in others}


def names(plan):
    assert not isinstance(plan, Failure), plan
    return {stage.name for stage in plan.job.stages}


def inputs(plan, name):
    return dict(plan.job.stage(name).inputs)


def test_the_whole_graph_runs_once_and_the_scene_node_stays_on_our_side():
    plan = to_job(make_graph())
    assert names(plan) == set(LINKS) - {"Scene"}
    assert inputs(plan, "Fit") == {"landmarks": "Landmarks", "head": "Head Model", "camera": "Camera"}
    assert [(sink.name, sink.kind, dict(sink.inputs)) for sink in plan.sinks] == [
        ("Scene", "scene", {"track": "Track File"})
    ]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("Video", {"Video"}),
        ("Camera", {"Video", "Camera"}),
        ("Smooth", set(LINKS) - {"Track File", "Scene", "Report"}),
        ("Scene", set(LINKS) - {"Scene", "Report"}),
    ],
)
def test_run_to_here_takes_only_what_that_node_needs(target, wanted):
    assert names(to_job(make_graph(), target)) == wanted


def test_two_smoothings_share_one_fit():
    graph = make_graph(node("Softer", {"fit": "Fit"}, "smooth"), node("Second File", {"fit": "Softer"}, "track"))
    plan = to_job(graph)
    kinds = [stage.kind for stage in plan.job.stages]
    assert kinds.count("fit") == 1 and kinds.count("smooth") == 2 and kinds.count("landmarks") == 1
    assert inputs(plan, "Smooth") == inputs(plan, "Softer") == {"fit": "Fit"}


def test_what_leads_nowhere_is_not_run_and_may_be_incomplete():
    plan = to_job(make_graph(node("Loose", {}, "smooth"), node("Spare", {}, "landmarks")))
    assert names(plan) == set(LINKS) - {"Scene"}


def test_reroutes_pass_through_and_reroutes_of_nothing_count_as_nothing():
    graph = make_graph(node("Bend", {"": "Turn"}, ""), node("Turn", {"": "Fit"}, ""), node("Smooth", {"fit": "Bend"}))
    assert inputs(to_job(graph), "Smooth") == {"fit": "Fit"}
    assert given(graph, "Bend") == "fit"
    graph |= {"Turn": node("Turn", {}, "")}
    assert given(graph, "Bend") is None
    assert to_job(graph).sentence == "My Smooth: nothing is linked to its input Fit."


def test_a_muted_node_hands_on_an_input_of_its_outputs_type():
    graph = make_graph(node("Smooth", {"fit": "Fit"}, muted=True))
    plan = to_job(graph)
    assert "Smooth" not in names(plan) and inputs(plan, "Track File") == {"fit": "Fit"}


def test_a_muted_node_that_can_hand_on_nothing_is_named():
    failure = to_job(make_graph(node("Camera", {"video": "Video"}, muted=True)))
    assert failure.code == "node-muted"
    assert failure.sentence == (
        "My Fit: its input Camera comes from My Camera, which is muted and has nothing to pass on."
    )
    assert failure.advice == "Unmute My Camera, or link another node."


def test_a_muted_end_is_left_out():
    plan = to_job(make_graph(node("Report", LINKS["Report"], muted=True), node("Scene", LINKS["Scene"], muted=True)))
    assert names(plan) == set(LINKS) - {"Scene", "Report"} and plan.sinks == ()
    assert to_job(make_graph(node("Report", LINKS["Report"], muted=True)), "Report").code == "node-muted"


def test_a_missing_input_is_named_by_the_nodes_label_with_what_belongs_there():
    failure = to_job(make_graph(node("Fit", {"landmarks": "Landmarks", "head": "Head Model"})))
    assert failure.code == "node-input"
    assert str(failure) == "My Fit: nothing is linked to its input Camera. Link a Camera node to it."
    advice = to_job(make_graph(node("Smooth", {}))).advice
    assert advice == "Link a Fit, Appearance, Smooth, Pins or ARKit Weights node to it."


def test_a_wrong_type_is_named():
    graph = make_graph(node("Fit", {**LINKS["Fit"], "head": "Camera"}))
    assert str(to_job(graph)) == (
        "My Fit: its input Head can't take what My Camera gives. Link a Head Model node to it."
    )
    bent = make_graph(node("Bend", {"": "Camera"}, ""), node("Fit", {**LINKS["Fit"], "head": "Bend"}))
    assert to_job(bent).code == "node-type"


def test_a_circle_is_named_with_its_nodes_alone():
    graph = make_graph(node("Smooth", {"fit": "Softer"}), node("Softer", {"fit": "Smooth"}, "smooth"))
    failure = to_job(graph)
    assert failure.code == "node-cycle"
    assert failure.sentence in (
        "These nodes wait for each other: My Smooth → My Softer → My Smooth.",
        "These nodes wait for each other: My Softer → My Smooth → My Softer.",
    )


@pytest.mark.parametrize("muted", [True, False])
def test_a_circle_of_reroutes_or_muted_nodes_is_found_too(muted):
    kind = "smooth" if muted else ""
    name = "fit" if muted else ""
    graph = make_graph(
        node("Bend", {name: "Turn"}, kind, muted),
        node("Turn", {name: "Bend"}, kind, muted),
        node("Smooth", {"fit": "Bend"}),
    )
    assert to_job(graph).code == "node-cycle"
    assert given(graph, "Bend") == ("fit" if muted else None)
    assert isinstance(source_of(graph, graph["Smooth"], "fit"), Failure)


def test_without_an_end_nothing_can_come_out():
    assert to_job(make_graph(without=("Track File", "Scene", "Report"))).code == "tree-no-output"
    assert to_job({}).code == "tree-no-output"
    assert to_job(make_graph(without=("Track File", "Scene", "Report")), "Smooth").job.stage("Smooth")
    muted = [node(name, LINKS[name], muted=True) for name in ("Track File", "Scene", "Report")]
    assert to_job(make_graph(*muted)).sentence.endswith("is muted: My Track File, My Scene, My Report.")
    assert to_job(make_graph(), "Nobody").code == "node-missing"
