#!/usr/bin/env bash
# What needs Python: pandas, polars and pyarrow read the tables and agree, and an independent comparison proves that
# nothing is lost. Skipped, and said so, where Python or the readers cannot be had. Needs `npm run build`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v python3 >/dev/null 2>&1; then
  echo "check-python: skipped, python3 is not installed"
  exit 0
fi

readers=(pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1)
venv="${WANDB_COLUMNS_PYTHON_ENV:-node_modules/.cache/python-readers}"
has_readers() {
  [ -x "$venv/bin/python" ] && "$venv/bin/python" - "${readers[@]}" <<'PYTHON'
import sys
from importlib.metadata import version
sys.exit(any(version(name) != wanted for name, wanted in (item.split("==") for item in sys.argv[1:])))
PYTHON
}
if ! has_readers >/dev/null 2>&1; then
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${readers[@]}"; }; then
    echo "check-python: skipped, ${readers[*]} cannot be installed for $(python3 --version)"
    exit 0
  fi
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
columns() { node dist/cli/main.js "$@"; }
sync_into() {
  local project="$1"
  shift
  columns sync "$@" --project "$work/$project" --quiet --fail-on never >"$work/$project.log"
}
# Two logs of one run id, steps and steps_resumed, are compared apart.
offline=test/data/wandb_sdk_offline
first=()
for folder in "$offline"/*/; do
  [ "$(basename "$folder")" = steps_resumed ] || first+=("${folder%/}")
done

sync_into export test/data/dr_wandb_export
sync_into offline "${first[@]}"
sync_into resumed "$offline/steps_resumed"
sync_into online test/data/wandb_sdk_online
sync_into legacy test/data/wandb_sdk_legacy

echo "check-python: reading tables"
"$venv/bin/python" scripts/read_tables.py "$work/export/tables" "$work/offline/tables"

same() {
  local project="$1"
  shift
  columns rebuild --project "$work/$project" >"$work/$project.jsonl"
  "$venv/bin/python" scripts/same_payloads.py "$work/$project.jsonl" "$@"
}
echo "check-python: comparing payloads"
same offline "${first[@]/%//expected.json}"
same resumed "$offline/steps_resumed/expected.json"
same online test/data/wandb_sdk_online/*.expected.json
same legacy test/data/wandb_sdk_legacy/*.expected.json
