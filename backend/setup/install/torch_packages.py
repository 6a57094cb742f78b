"""Installing torch alone, in the wanted build, so that the other packages find it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...contract.failure import Failure
from ..plan.graphics import NvidiaDriver
from ..plan.torch_build import read_offer, torch_requirement
from ..plan.wheels import Wheel
from .packages import Pip


@dataclass(frozen=True)
class TorchPin:
    """What may be installed of torch.

    Attributes:
        version: Without a build.
        python: Of the environment, as ``3.11``.
        wheels: All files that are known by their hashes.
        cuda_pins: What CUDA's build on the usual index brings along on this system, as lines of a requirement file.
    """

    version: str
    python: str
    wheels: Sequence[Wheel]
    cuda_pins: Sequence[str]


def install_torch(pip: Pip, pin: TorchPin, wanted: str, choice: str, driver: NvidiaDriver | None) -> str | Failure:
    """Install torch alone, in the wanted build, so that the other packages find it there.

    Returns:
        The build that was installed: with ``--torch auto`` the processor's also where there is a driver but the
        index has no CUDA build; that is said.
    """
    report = pip.layout.temporary / "torch.json"
    failure = pip.report(f"torch=={pin.version}", report)
    if failure is not None:
        return failure
    try:
        offer = read_offer(report)
    except (OSError, ValueError, LookupError) as error:
        return Failure("pip-failed", f"pip's report on torch cannot be read ({error}).", f"See {pip.layout.log}.")
    failure = _install(pip, pin, wanted, *torch_requirement(pin.version, wanted, offer, driver))
    if failure is None:
        return wanted
    if wanted == "cuda" and choice == "auto" and offer.build == "cpu":
        pip.progress.reporter.note(
            f"There is an NVIDIA GPU, but no CUDA build of torch could be had: {failure.sentence}"
        )
        pip.progress.reporter.note("The processor's build is used; start again with --torch cuda to try once more.")
        failure = _install(pip, pin, "cpu", f"torch=={pin.version}", "")
        if failure is None:
            return "cpu"
    return failure


def _install(pip: Pip, pin: TorchPin, build: str, requirement: str, index: str) -> Failure | None:
    """Install one build, by its hash where that is known."""
    local = requirement.partition("+")[2]
    known = [wheel for wheel in pin.wheels if wheel.build == build and (not local or wheel.version.endswith(local))]
    options = ["--extra-index-url", index] if index else []
    if any(wheel.fits(pin.python) for wheel in known):
        failure = pip.install([requirement], known, *options)
        return failure or (pip.install(pin.cuda_pins, pin.wheels) if build == "cuda" else None)
    pip.progress.reporter.note(
        f"No hash is known of {requirement} for Python {pin.python}; it is checked against what PyTorch's index says."
    )
    # Its CUDA libraries are others than those of the usual build, so they are unknown too.
    return pip.install_unhashed(requirement, "--only-binary", ":all:", *options)
