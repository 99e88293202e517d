#!/usr/bin/env bash
# A real dbt reads generated/dbt/sources.yml of a project with texts that break careless quoting, runs its tests on the
# project's tables, and finds a key that is NULL and one that is there twice. Part of check-python.sh.
#
# usage: check-dbt.sh VENV      (with dbt-core and dbt-duckdb)
set -euo pipefail
cd "$(dirname "$0")/.."
venv="$(cd "$1" && pwd)"
export DBT_SEND_ANONYMOUS_USAGE_STATS=false

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
project="$work/project"
mkdir -p "$project/schemas"
cp scripts/dbt-project/config.schema.json "$project/schemas/"
echo '{"naming": "verbatim"}' >"$project/wandb-columns.json"
node dist/bin/main.js sync test/data/wandb_sdk_sweep/wandb --project "$project" --entity lab --on-new add --quiet >"$work/sync.log"

cp -R scripts/dbt-project "$work/dbt"
cp "$project/generated/dbt/sources.yml" "$work/dbt/models/"
dbt() {
  (cd "$work/dbt" && "$venv/bin/dbt" --quiet --no-use-colors --warn-error "$@" --profiles-dir . --vars "{wandb_columns_tables: '$project/tables'}")
}
dbt build
"$venv/bin/python" scripts/dbt_sources.py "$work/dbt/target/manifest.json" "$project/generated/plan.json"

runs="$project/tables/runs.parquet"
"$venv/bin/python" - "$runs" <<'PYTHON'
import os, sys, duckdb
runs = sys.argv[1]
rows = f"SELECT * FROM '{runs}'"
duckdb.sql(f"COPY ({rows} UNION ALL {rows} UNION ALL (SELECT * REPLACE (NULL AS entity) FROM '{runs}' LIMIT 1)) TO '{runs}.new' (FORMAT parquet)")
os.replace(f"{runs}.new", runs)
PYTHON
if dbt build --select source:wandb.runs >"$work/failures.log" 2>&1; then
  echo "check-dbt: a key that is NULL and one that is there twice passed dbt's tests" >&2
  exit 1
fi
for name in source_not_null_wandb_runs__entity_ source_unique_wandb_runs__entity_project_run_id_; do
  grep -q "FAIL.*$name" "$work/failures.log" || { cat "$work/failures.log" >&2; exit 1; }
done
