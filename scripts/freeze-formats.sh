#!/usr/bin/env bash
# Writes test/data/formats/VERSION: a small project as this version leaves it. Tests read the projects of every version
# that changed a file format, so run it once for a version that does, before its release. Needs `npm run build`.
set -euo pipefail
cd "$(dirname "$0")/.."

root="$PWD"
version="$(node -p 'require("./package.json").version')"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
offline="$root/test/data/wandb_sdk_offline"
cd "$work"
columns() { node "$root/dist/bin/main.js" "$@" --project project --quiet --fail-on never >/dev/null; }

# A log that is imported before it ended leaves rows that are superseded later, beside those of a run that stays.
growing="wandb/offline-run-20261123_132238-step0001"
mkdir -p "$growing"
log="run-step0001.wandb"
size="$(stat --format %s "$offline"/steps/*/"$log")"
head --bytes "$((size * 2 / 3))" "$offline"/steps/*/"$log" >"$growing/$log"
cp -r "$offline"/numbers/offline-run-* wandb/
columns sync wandb
cp "$offline"/steps/*/"$log" "$growing/$log"
columns sync wandb

kept="$root/test/data/formats/$version"
rm -rf "$kept"
mkdir -p "$kept/generated"
cp -r project/{raw,tables,schemas,report} "$kept/"
# It names files of this machine, and says nothing anywhere else.
rm "$kept/raw/sources.json"
cp "project/generated/plan.json" "$kept/generated/"
rm -f "$kept/report/.generated"
node "$root/dist/bin/main.js" rebuild --project project >"$kept/rebuilt.jsonl"
du -sh "$kept"
