"""Tiny packages and requirement files, made on the spot, so that setting up takes seconds."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = "import json, flame_fake\nassert flame_fake.ANSWER == 42\nprint(json.dumps({'flame_fake': 1}))\n"


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, str], requires: str = "") -> Path:
    """Write a wheel of pure Python with the given modules, which asks for another package where one is named."""
    asked = f"Requires-Dist: {requires}\n" if requires else ""
    information = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    content[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n"
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    return file


@dataclass
class Installation:
    """A folder with wheels, requirement files and a target, and `install_deps.py` pointed at them.

    Attributes:
        folder: Everything lies in it; its name has a space and letters of several alphabets.
    """

    folder: Path

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    @property
    def requirements(self) -> Path:
        return self.folder / "requirements"

    @property
    def target(self) -> Path:
        return self.folder / "target"

    @property
    def python(self) -> Path:
        name = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        return self.target / name

    def require(
        self,
        *pins: str,
        check: str = CHECK,
        gigabytes: float = 0.01,
        purpose: str = "engine",
        files_only: Sequence[str] = (),
    ) -> None:
        self.requirements.mkdir(parents=True, exist_ok=True)
        (self.requirements / f"check_{purpose}.py").write_text(check, encoding="utf-8")
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        facts = self.requirements / "purposes.json"
        content = json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else {}
        content[purpose] = {"gigabytes": gigabytes, "pythons": [version], "check": f"check_{purpose}.py"}
        if files_only:
            content[purpose]["files_only"] = list(files_only)
        facts.write_text(json.dumps(content), encoding="utf-8")
        (self.requirements / f"{purpose}.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
        self.record_wheels()

    def record_wheels(self) -> None:
        """Write the table of the files that may be installed, as the wheels are now."""
        rows = [f"{file.name},{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in self.wheels.glob("*.whl")]
        (self.requirements / "wheels.csv").write_text("\n".join(["file,sha256", *rows, ""]), encoding="utf-8")

    def require_more(self, check: str = CHECK) -> None:
        """Ask for one more package than before, so that a new environment is due."""
        number = len(list(self.wheels.glob("flame_more*")))
        write_wheel(self.wheels, f"flame_more{number}", "1.0", {f"flame_more{number}.py": ""})
        self.require("flame_fake==1.0", f"flame_more{number}==1.0", check=check)

    def command(self, *arguments: str) -> list[str]:
        sources = ["--wheelhouse", str(self.wheels), "--no-network", "--requirements", str(self.requirements)]
        return [sys.executable, str(ROOT / "install_deps.py"), "--target", str(self.target), *sources, *arguments]

    def install(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the installer to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the installer and leave it running, as the leader of its own group as a terminal's job is."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def answer(self) -> str:
        """Ask the environment, from another folder, what its package says."""
        code = "import backend, flame_fake; print(flame_fake.ANSWER, backend.__name__)"
        run = subprocess.run([str(self.python), "-I", "-c", code], cwd="/", capture_output=True, text=True, check=False)
        return run.stdout.strip() or run.stderr.strip()

    def environments(self) -> list[str]:
        return sorted(path.name for path in (self.target / "envs").iterdir())


def new_installation(folder: Path) -> Installation:
    installation = Installation(folder / "José Ünï 名 dir")
    installation.wheels.mkdir(parents=True)
    write_wheel(installation.wheels, "flame_fake", "1.0", {"flame_fake/__init__.py": "ANSWER = 42\n"})
    installation.require("flame_fake==1.0")
    return installation
