"""Runs the SQL of a file: python duckdb_sql.py FILE"""

import sys

import usage  # noqa: F401

import duckdb

with open(sys.argv[1], encoding="utf8") as file:
    duckdb.connect().execute(file.read())
