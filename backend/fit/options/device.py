"""Device on which a fit is computed."""

from __future__ import annotations

import torch

from ...contract.failure import Failure


def device_for(wanted: str) -> torch.device | Failure:
    """Return the device of a choice of `FitSettings`, or a failure where it is not there."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[wanted]:
        return Failure(
            "device-not-there", f"This machine has no device '{wanted}' that torch can use.", "Choose 'auto' or 'cpu'."
        )
    return torch.device(wanted)
