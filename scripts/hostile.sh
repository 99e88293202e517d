#!/usr/bin/env bash
# The tests of hostile input in full size, one after the other, with the time and the peak memory of every command.
set -euo pipefail
cd "$(dirname "$0")/.."
measures="$(mktemp)"
trap 'sort -rn "$measures"; rm -f "$measures"' EXIT
WANDB_COLUMNS_FULL=1 HOSTILE_MEASURES="$measures" \
  npx vitest run "${@:-test/hostile}" --no-file-parallelism --testTimeout=1800000 --reporter=verbose
