"""JSON Lines to Parquet, types from all records, one column a path: python polars_lines.py IN OUT"""

import sys

import usage  # noqa: F401

import polars

source, target = sys.argv[1:]
frame = polars.scan_ndjson(source, infer_schema_length=None)


def objects():
    kinds = frame.collect_schema().items()
    return [name for name, kind in kinds if isinstance(kind, polars.Struct) and kind.fields]


while names := objects():
    frame = frame.unnest(names, separator=".")
frame.sink_parquet(target, compression="snappy")
