"""The runs of a dr_wandb export to one flat Parquet file: python pandas_export.py FOLDER OUT"""

import json
import sys

import usage  # noqa: F401

import pandas
from flat_frame import flat_frame

JSON_TEXT = ["config", "summary", "wandb_metadata", "system_metrics", "sweep_info"]

source, target = sys.argv[1:]
runs = pandas.read_parquet(source + "/runs_metadata.parquet")
parts = [runs.drop(columns=JSON_TEXT)]
for name in JSON_TEXT:
    records = [{} if text is None else json.loads(text) for text in runs[name]]
    parts.append(flat_frame(records).add_prefix(name + "."))
pandas.concat(parts, axis=1).to_parquet(target, index=False, compression="snappy")
