"""Errors of pip and of the system become one sentence and what to do about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend.setup.install.packages import explain, first_unmet
from backend.setup.install.pip_progress import PipProgress
from backend.setup.plan import libraries
from backend.setup.plan.sources import Sources
from backend.setup.process import clean_environment, run_guarded

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk-full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "certificate-refused"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407", "proxy-refused"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "network-down",
        ),
        ("ERROR: Could not install: [WinError 5] Access is denied: 'C:\\\\x'", "permission-denied"),
        ("ERROR: No matching distribution found for torch==2.13.0", "package-missing"),
        ("ERROR: Something nobody has seen before.", "pip-failed"),
        ("", "pip-failed"),
    ],
)
def test_errors_of_pip_have_a_cause(tmp_path: Path, said: str, code: str) -> None:
    failure = explain(said, Sources(), tmp_path / "install.log")
    assert failure.code == code
    assert failure.sentence.endswith(".")
    assert failure.advice


def test_the_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    said = "NameResolutionError(\"HTTPSConnection(host='packages.example', port=443): Failed to resolve\")"
    assert (
        "The package server packages.example could not be reached."
        in explain(said, Sources(), tmp_path / "install.log").sentence
    )


def test_offline_the_folder_is_named(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "wheels", offline=True)
    failure = explain("ERROR: No matching distribution found for torch==2.13.0", sources, tmp_path / "install.log")
    assert str(tmp_path / "wheels") in failure.sentence
    assert "torch==2.13.0" in failure.sentence


class Heard:
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.progresses: list[tuple[str, float, float]] = []

    def stage(self, name: str) -> None: ...

    def step(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...

    def progress(self, text: str, done: float = 0, total: float = 0) -> None:
        self.progresses.append((text, round(done), round(total)))


def test_progress_names_the_package_and_counts_what_is_fetched_and_unpacked(tmp_path: Path) -> None:
    heard = Heard()
    progress = PipProgress(heard, tmp_path, {"torch": 200_000_000, "sympy": 6_000_000})
    progress.begin()
    progress.line("Collecting torch==2.13.0 (from -r engine.txt (line 3))")
    progress.line("  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl.metadata (30 kB)")
    progress.line("  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (200.0 MB)")
    progress.line("Progress 100000000 of 200000000")
    progress.wait(31.0)
    progress.line("Processing /wheels/sympy-1.0-py3-none-any.whl (from torch==2.13.0)")
    progress.line("Installing collected packages: sympy, torch")
    for name in ("sympy-1.0", "torch-2.13.0"):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "METADATA").touch()
        progress.wait(1.0)
    whole = 288_400_000
    assert heard.progresses == [
        ("Looking up torch", 0, whole),
        ("Downloading torch", 0, whole),
        ("Downloading torch, 100 of 200 MB", 100_000_000, whole),
        ("Downloading torch: waiting for the network since 31 s", 100_000_000, whole),
        ("Unpacking 2 packages", 206_000_000, whole),
        ("Unpacking torch (2 of 2)", 208_400_000, whole),
        ("Unpacking torch (2 of 2)", whole, whole),
    ]


def test_missing_system_libraries_are_named_with_their_packages(tmp_path: Path) -> None:
    said = "ImportError: libXi.so.6: cannot open shared object file: No such file or directory"
    assert libraries.missing_libraries(tmp_path, said) == ["libXi.so.6"]
    advice = libraries.how_to_get(["libXi.so.6", "libSM.so.6", "libstrange.so.1"])
    assert "sudo apt install libsm6 libxi6;" in advice
    assert "sudo dnf install libSM libXi." in advice
    assert "libstrange.so.1" in advice


def test_proxy_index_and_certificate_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        "HTTPS_PROXY": "http://proxy:3128",
        "PIP_INDEX_URL": "https://packages.example/simple",
        "PIP_CERT": "/company.pem",
        "SSL_CERT_FILE": "/company.pem",
    }
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PIP_TARGET", "PIP_PREFIX", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    clean = clean_environment()
    assert {name: clean.get(name) for name in kept} == kept
    assert "elsewhere" not in clean.values()
    offline = clean_environment(offline=True)
    assert "PIP_INDEX_URL" not in offline
    assert offline["HTTPS_PROXY"] == "http://proxy:3128"


def test_a_child_ends_with_the_installer(tmp_path: Path) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")

    def leave(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_guarded(Path(sys.executable), [str(script)], environment=clean_environment(), on_line=leave)
    assert run_guarded(tmp_path / "no-python", ["x"], environment=clean_environment()).code == 127


def test_an_old_python_is_told_so_by_a_file_that_it_can_read() -> None:
    source = (ROOT / "install_deps.py").read_text(encoding="utf-8")
    # Nothing newer than Python 3.0 may stand in it, or an old one would answer with a syntax error.
    compile(source, "install_deps.py", "exec", dont_inherit=True)
    lowered = source.replace("OLDEST_PYTHON = (3, 10)", "OLDEST_PYTHON = (99, 0)")
    assert lowered != source
    run = subprocess.run([sys.executable, "-c", lowered], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "is the least that can start the installer" in run.stderr


def test_only_what_is_missing_counts_of_pips_doubts() -> None:
    blender = "bpy 4.5.15 is not supported on this platform"
    networks = "media_pipe 0.10.21 requires jax, which is not installed."
    older = "scipy 1.17.1 has requirement numpy<2.7,>=1.26.4, but you have numpy 1.0."
    assert first_unmet(["", blender, networks], ["media-pipe"]) is None
    assert first_unmet([blender, networks, older], ["media-pipe"]) == older
    assert first_unmet([blender, networks], []) == networks
