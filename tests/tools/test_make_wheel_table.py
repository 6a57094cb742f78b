"""Writing the table of files that may be installed."""

from __future__ import annotations

from pathlib import Path

from backend.setup.plan.wheels import read_wheels
from tools.make_wheel_table import main


def test_measuring_keeps_only_what_the_engine_runs_on(tmp_path: Path) -> None:
    names = [
        "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
        "a-1-cp313-cp313-win_amd64.whl",
        "a-1-cp311-cp311-musllinux_1_2_x86_64.whl",
        "a-1-cp312-cp312-macosx_11_0_arm64.whl",
        "a-1-cp312-cp312-macosx_11_0_x86_64.whl",
    ]
    rows = "".join(f'{{ url = "https://index.example/{name}", hash = "sha256:{"0" * 64}" }},\n' for name in names)
    (tmp_path / "uv.lock").write_text(f'[[package]]\nname = "a"\nversion = "1"\nwheels = [\n{rows}]\n')
    (tmp_path / "wheels.csv").write_text(
        f"file,sha256\ntorch-1+cpu-cp311-cp311-win_amd64.whl,{'1' * 64}\nold-1-py3-none-any.whl,0\n"
    )
    main([tmp_path / "uv.lock"], tmp_path)
    kept = {each.file for each in read_wheels(tmp_path)}
    assert kept == {names[0], names[3], "torch-1+cpu-cp311-cp311-win_amd64.whl"}
