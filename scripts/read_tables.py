"""Reads every table of projects with pandas, polars and pyarrow, and compares them cell by cell.

usage: read_tables.py TABLES…      (the tables/ folders of projects)

The three must agree on columns, values, NULLs and NaN. pandas reads as its users do, by a plain `read_parquet`: its
int64 columns must be Int64 and its booleans boolean, so that a NULL neither rounds 2^53+1 nor makes objects of a column.
In pandas' float64 a NULL is NaN; there the two count as one.
"""

import json
import math
import struct
import sys
from pathlib import Path

import pandas
import polars
import pyarrow
import pyarrow.parquet

PANDAS_DTYPES = {"int64": "Int64", "boolean": "boolean", "float64": "float64"}


def exact(value):
    """A cell in a form whose equality is exact: doubles by their bits, every NaN alike."""
    if value is None:
        return None
    if isinstance(value, float):
        return ("double", "NaN" if math.isnan(value) else struct.pack(">d", value))
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        return [exact(item) for item in (value.tolist() if hasattr(value, "tolist") else value)]
    return (type(value).__name__, value)


def pandas_cells(series):
    """The cells of a pandas column as Python objects; what pandas holds to be missing is None."""
    cells = series.astype(object).tolist()
    missing = series.isna().tolist()
    return [None if gone else cell for cell, gone in zip(cells, missing)]


def moment(cell):
    """Timestamps of the three readers as one type."""
    return cell.to_pydatetime(warn=False) if isinstance(cell, pandas.Timestamp) else cell


def list_cell(cell):
    """pandas turns a list of doubles or integers with NULLs into an array of doubles: its NULLs are NaN."""
    return cell if cell is None else [None if item is None or item != item else item for item in cell]


class Problems:
    def __init__(self):
        self.lines = []

    def expect(self, where, what, want, got):
        if want != got:
            self.lines.append(f"{where}: {what}: want {str(want)[:200]}, got {str(got)[:200]}")


def compare_cells(problems, where, reader, want, got):
    problems.expect(where, f"{reader} rows", len(want), len(got))
    for row, (a, b) in enumerate(zip(want, got)):
        if exact(a) != exact(b):
            problems.lines.append(f"{where} row {row}: pyarrow {a!r}, {reader} {b!r}")
            return


def compare_column(problems, where, kind, arrow, pola, pand, facts):
    want = arrow.to_pylist()
    compare_cells(problems, where, "polars", want, pola.to_list())
    problems.expect(where, "NULLs in polars", arrow.null_count, pola.null_count())
    if kind in PANDAS_DTYPES:
        problems.expect(where, "dtype in pandas", PANDAS_DTYPES[kind], str(pand.dtype))
    cells = [moment(cell) for cell in pandas_cells(pand)]
    if kind == "float64":
        want = [None if cell is None or math.isnan(cell) else cell for cell in want]
    elif kind.startswith("list<"):
        want, cells = [list_cell(cell) for cell in want], [list_cell(cell) for cell in cells]
    compare_cells(problems, where, "pandas", want, cells)
    facts["cells"] += len(want)
    facts["nulls"] += arrow.null_count
    if kind == "float64":
        facts["nan"] += sum(1 for cell in arrow.to_pylist() if cell is not None and math.isnan(cell))
    if kind == "int64" and arrow.null_count > 0:
        facts["beyond_double"] += sum(1 for cell in want if cell is not None and int(float(cell)) != cell)


def compare_table(problems, path, facts):
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    arrow = pyarrow.parquet.read_table(path)
    pola = polars.read_parquet(files)
    pand = pandas.read_parquet(path)
    about = json.loads(arrow.schema.metadata[b"wandb_columns"])["columns"]
    problems.expect(path, "columns in the metadata", list(about), arrow.column_names)
    problems.expect(path, "columns in polars", arrow.column_names, pola.columns)
    problems.expect(path, "columns in pandas", arrow.column_names, list(pand.columns))
    for name in arrow.column_names:
        field = arrow.schema.field(name)
        problems.expect(f"{path} {name}", "field id", str(about[name]["id"]).encode(), field.metadata[b"PARQUET:field_id"])
        compare_column(problems, f"{path} {name}", about[name]["type"], arrow[name], pola[name], pand[name], facts)
    facts["tables"] += 1


def tables_in(folder):
    found = sorted(item for item in Path(folder).iterdir() if item.suffix == ".parquet" or any(item.glob("*.parquet")))
    if not found:
        sys.exit(f"{folder} has no tables")
    return found


def main(folders):
    problems = Problems()
    facts = {"tables": 0, "cells": 0, "nulls": 0, "nan": 0, "beyond_double": 0}
    for path in [path for folder in folders for path in tables_in(folder)]:
        compare_table(problems, path, facts)
    for line in problems.lines[:20]:
        print(line, file=sys.stderr)
    versions = f"pandas {pandas.__version__}, polars {polars.__version__}, pyarrow {pyarrow.__version__}"
    print(f"{len(problems.lines)} differences between {versions}: {facts}")
    # A comparison that never met the hard values proves nothing.
    unseen = [name for name, count in facts.items() if count == 0]
    if unseen:
        sys.exit(f"the tables have nothing of: {', '.join(unseen)}")
    sys.exit(1 if problems.lines else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
