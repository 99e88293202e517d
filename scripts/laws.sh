#!/usr/bin/env bash
# The laws at length: engine equals definition, and tables rebuild the payloads, on 200,000 cases each (or $1).
set -euo pipefail
cd "$(dirname "$0")/.."
PROPERTY_CASES="${1:-200000}" npx vitest run test/engines test/flatten test/end-to-end/laws.test.ts --testTimeout=7200000
