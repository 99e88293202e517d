"""JSON Lines to Parquet: python pandas_lines.py IN OUT"""

import json
import sys

import usage  # noqa: F401

from flat_frame import flat_frame

source, target = sys.argv[1:]
with open(source, encoding="utf8") as lines:
    records = [json.loads(line) for line in lines]
flat_frame(records).to_parquet(target, index=False, compression="snappy")
