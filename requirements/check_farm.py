"""Run in a new environment: starts a scheduler with one worker in this process, and has it add two numbers."""

import json

import dask
import distributed

with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:  # noqa: SIM117
    with distributed.Client(cluster) as client:
        if client.submit(int.__add__, 1, 2).result(timeout=30) != 3:
            raise SystemExit("RuntimeError: a Dask worker computes wrongly")
print(json.dumps({"dask": dask.__version__, "distributed": distributed.__version__}))
