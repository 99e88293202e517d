#!/usr/bin/env bash
# What users get: packs the package, installs it in an empty folder, runs its command and its library under every Node
# that it supports, and compiles a program that uses its types. Node binaries that cannot be had are skipped, and it says so.
set -euo pipefail
cd "$(dirname "$0")/.."

nodes=(20.19.0 22.23.3 24.21.0)
store="${WANDB_COLUMNS_NODES:-node_modules/.cache/nodes}"
fixture=wandb_sdk_offline/baseline

say() { echo "check-package: $*"; }
fail() {
  say "$*" >&2
  exit 1
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

npm pack --json --pack-destination "$work" >"$work/pack.json" 2>"$work/pack.log" || fail "npm pack: $(cat "$work/pack.log")"
tarball="$(echo "$work"/*.tgz)"
node scripts/package-contents.mjs "$tarball"

mkdir "$work/app"
npm install --prefix "$work/app" --no-audit --no-fund --loglevel error "$tarball" "@types/node@$(node -p 'require("@types/node/package.json").version')"
cp scripts/package-consumer/* "$work/app/"
cp -R "test/data/$fixture" "$work/app/wandb"

# Declarations are checked too (skipLibCheck is false). Arquero's own have errors that are not ours to mend.
for kind in nodenext bundler; do
  if ! found="$(node_modules/.bin/tsc --pretty false -p "$work/app/tsconfig.$kind.json" 2>&1)"; then
    ours="$(grep -vE '/node_modules/(arquero|@uwdata/flechette)/.*: error TS' <<<"$found" || true)"
    [ -n "$found" ] && [ -z "$ours" ] || fail "the types do not hold under $kind:"$'\n'"$ours"
  fi
  say "types hold under $kind"
done

# Prints the folder that holds the `node` of a version.
node_folder() {
  local folder="$store/$1"
  if [ ! -x "$folder/node_modules/node/bin/node" ]; then
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --silent "node@$1" >/dev/null 2>&1 || return 1
  fi
  (cd "$folder/node_modules/node/bin" && pwd)
}

tried=0
for version in "${nodes[@]}"; do
  if ! folder="$(node_folder "$version")"; then
    say "skipped Node $version: it cannot be installed"
    continue
  fi
  (
    cd "$work/app"
    export PATH="$folder:$PATH"
    [ "$(node --version)" = "v$version" ] || fail "asked for Node $version, got $(node --version)"
    node_modules/.bin/wandb-columns sync wandb --project "$version" --quiet >"$version.log"
    node_modules/.bin/wandb-columns rebuild --project "$version" --quiet >"$version.jsonl"
    rows="$(grep -c '^{"kind":"history"' "$version.jsonl")"
    [ "$rows" = 500 ] || fail "Node $version rebuilt $rows history rows of 500"
    say "Node $version: $(node_modules/.bin/wandb-columns --version), $rows history rows rebuilt, $(node consumer.mjs "$version")"
  )
  tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || fail "no Node could be installed"
cd "$work/app"
for log in *.jsonl; do cmp -s "$log" "$(ls ./*.jsonl | head -1)" || fail "$log: the payloads differ between Nodes"; done
