#!/usr/bin/env bash
# What needs Python: pandas, polars, pyarrow and DuckDB's Python client read the tables. Skipped, and said so, without it.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v python3 >/dev/null 2>&1; then
  echo "check-python: skipped, python3 is not installed"
  exit 0
fi
venv="${WANDB_COLUMNS_PYTHON_ENV:-node_modules/.cache/python-readers}"
if ! "$venv/bin/python" -c "import pandas, polars, pyarrow" >/dev/null 2>&1; then
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check \
    pandas==2.2.3 polars==1.31.0 pyarrow==20.0.0; }; then
    echo "check-python: skipped, the readers cannot be installed"
    exit 0
  fi
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
node dist/cli/main.js sync test/data/dr_wandb_export --project "$work/export" --quiet
node dist/cli/main.js sync test/data/wandb_sdk_offline --project "$work/logs" --quiet --fail-on never
"$venv/bin/python" scripts/read_tables.py "$work/export/tables" "$work/logs/tables"
