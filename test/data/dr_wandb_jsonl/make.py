"""Writes a dr_wandb v3 export of the runs in ../dr_wandb_export with dr_wandb 3.0.3 itself.

Only W&B's server is not there: the runs are the SDK's own Run objects over the recorded GraphQL nodes, and their
history is what runs_history.parquet has. Usage: python make.py EXPORT_FOLDER DATA_ROOT NAME [RUN_INDEX...]
"""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import wandb
from dr_wandb.config import ExportMode, ExportRequest
from dr_wandb.engine import ExportEngine
from wandb.apis.public.runs import Run

source, root, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
wanted = [int(index) for index in sys.argv[4:]]
metadata = pq.read_table(source / "runs_metadata.parquet").to_pylist()
history = pq.read_table(source / "runs_history.parquet").to_pylist()
RENAMED = {"step": "_step", "timestamp": "_timestamp", "runtime": "_runtime"}


def make(row):
    node = json.loads(row["system_attrs"])
    node["config"] = json.dumps(node.pop("rawconfig"))
    run = Run(None, row["entity"], row["project"], row["run_id"], node, lazy=False)
    run._metadata = json.loads(row["wandb_metadata"] or "null")
    rows = [
        {RENAMED.get(key, key): value for key, value in item.items() if key != "run_id" and value is not None}
        for item in history
        if item["run_id"] == row["run_id"]
    ]
    run.scan_history = lambda **_: iter(rows)
    return run


class Api:
    def __init__(self, **_):
        pass

    def runs(self, path, **_):
        return [make(metadata[index]) for index in wanted or range(len(metadata))]


wandb.Api = Api
first = metadata[0]
request = ExportRequest(
    entity=first["entity"],
    project=first["project"],
    name=name,
    data_root=root,
    mode=ExportMode.HISTORY,
    include_metadata=True,
)
print(ExportEngine(request).export())
