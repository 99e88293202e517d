#!/usr/bin/env bash
# What needs Python: pandas, polars and pyarrow read the tables and agree, an independent comparison proves that nothing is
# lost, the pandas recipes give what docs/recipes.md shows, and dbt takes generated/dbt/sources.yml. What cannot be had is
# skipped, and said so. Needs `npm run build`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v python3 >/dev/null 2>&1; then
  echo "check-python: skipped, python3 is not installed"
  exit 0
fi

cache="${WANDB_COLUMNS_PYTHON_ENV:-node_modules/.cache/python}"
# environment NAME PACKAGE==VERSION… makes a virtual environment in $cache/NAME, or uses the one that is there.
environment() {
  local venv="$cache/$1"
  shift
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" - "$@" >/dev/null 2>&1 <<'PYTHON'; then
import sys
from importlib.metadata import version
sys.exit(any(version(name) != wanted for name, wanted in (item.split("==") for item in sys.argv[1:])))
PYTHON
    return 0
  fi
  if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"; then return 0; fi
  echo "check-python: skipped, $* cannot be installed for $(python3 --version)"
  return 1
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
columns() { node dist/bin/main.js "$@"; }
sync_into() {
  local project="$1"
  shift
  columns sync "$@" --project "$work/$project" --quiet --fail-on never >"$work/$project.log"
}
same() {
  local project="$1"
  shift
  columns rebuild --project "$work/$project" >"$work/$project.jsonl"
  "$cache/readers/bin/python" scripts/same_payloads.py "$work/$project.jsonl" "$@"
}

check_readers() {
  # Two logs of one run id, steps and steps_resumed, are compared apart.
  local offline=test/data/wandb_sdk_offline folder
  local first=()
  for folder in "$offline"/*/; do
    [ "$(basename "$folder")" = steps_resumed ] || first+=("${folder%/}")
  done

  sync_into export test/data/dr_wandb_export
  sync_into offline "${first[@]}"
  sync_into resumed "$offline/steps_resumed"
  sync_into online test/data/wandb_sdk_online
  sync_into legacy test/data/wandb_sdk_legacy

  echo "check-python: reading tables"
  "$cache/readers/bin/python" scripts/read_tables.py "$work/export/tables" "$work/offline/tables"

  echo "check-python: comparing payloads"
  same offline "${first[@]/%//expected.json}"
  same resumed "$offline/steps_resumed/expected.json"
  same online test/data/wandb_sdk_online/*.expected.json
  same legacy test/data/wandb_sdk_legacy/*.expected.json
}

check_recipes() {
  local folder="$work/recipes"
  mkdir -p "$folder/bin"
  cp -R test/data/wandb_sdk_sweep/wandb "$folder/wandb"
  cp -R test/data/dr_wandb_export "$folder/export"
  printf '#!/bin/sh\nexec node "%s/dist/bin/main.js" "$@"\n' "$PWD" >"$folder/bin/wandb-columns"
  chmod +x "$folder/bin/wandb-columns"
  echo "check-python: pandas recipes"
  PATH="$folder/bin:$PATH" "$cache/readers/bin/python" scripts/run_recipes.py docs/recipes.md "$folder"
}

if environment readers pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1; then
  check_readers
  check_recipes
fi
# dbt-core 1.12 builds a part of itself from GitHub; 1.11 comes from the registry whole.
if environment dbt dbt-core==1.11.16 dbt-duckdb==1.11.1 duckdb==2.0.1; then
  echo "check-python: dbt"
  bash scripts/check-dbt.sh "$cache/dbt"
fi
