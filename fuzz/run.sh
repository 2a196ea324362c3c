#!/usr/bin/env bash
# Runs every fuzz target for so many seconds each, and prints a table; with --write, puts it into fuzz/README.md.
#
#   fuzz/run.sh SECONDS [--write]
#   fuzz/run.sh --minimise      keeps of the recorded packets those that reach code that the seeds do not
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
built=${CARGO_TARGET_DIR:-fuzz/target}/$(rustc +nightly -vV | sed -n 's/^host: //p')/release

usage() {
  sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

minimise() {
  local target
  cargo run --quiet --manifest-path fuzz/Cargo.toml --no-default-features --example recorded "$scratch/recorded"
  cargo +nightly fuzz build
  for folder in "$scratch"/recorded/*; do
    target=${folder##*/}
    "$built/$target" -merge=1 -max_len=1024 "fuzz/seeds/$target" "$folder" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
    echo "$target: $(find "fuzz/seeds/$target" -type f | wc -l) seeds"
  done
}

# One row of the table: name, seeds, executions, executions a second, edges, features, what the corpus grew to.
row() {
  local target=$1 seconds=$2 log=$scratch/log corpus=$scratch/corpus seeds
  rm -rf "$corpus"
  mkdir -p "$corpus"
  seeds=$(find "fuzz/seeds/$target" -type f | wc -l)
  if ! "$built/$target" "$corpus" "fuzz/seeds/$target" -max_total_time="$seconds" -print_final_stats=1 -dict=fuzz/ip.dict -artifact_prefix="$scratch/" >"$log" 2>&1; then
    tail -60 "$log" >&2
    echo "fuzz: $target stopped" >&2
    exit 1
  fi
  awk -v target="$target" -v seeds="$seeds" '
    /cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1); if ($i == "corp:") { split($(i + 1), c, "/"); corp = c[1] } } }
    /stat::number_of_executed_units/ { runs = $2 }
    /stat::average_exec_per_sec/ { rate = $2 }
    END { printf "| `%s` | %d | %d | %d | %d | %d | %d |\n", target, seeds, runs, rate, cov, ft, corp }' "$log"
}

table() {
  local seconds=$1 target
  echo "| target | seeds | executions | a second | edges covered | features | inputs kept |"
  echo "| --- | --- | --- | --- | --- | --- | --- |"
  for target in $(cargo +nightly fuzz list); do
    row "$target" "$seconds"
  done
}

case "${1:-}" in
  --minimise) minimise ;;
  '' | *[!0-9]*) usage ;;
  *)
    cargo +nightly fuzz build
    if [[ ${2:-} == --write ]]; then
      table "$1" >"$scratch/table"
      awk -v seconds="$1" -v table="$scratch/table" '
        /<!-- runs: begin -->/ { print; print ""; print "`fuzz/run.sh " seconds " --write`:"; print ""; while ((getline line < table) > 0) print line; print ""; skip = 1 }
        /<!-- runs: end -->/ { skip = 0 }
        !skip { print }' fuzz/README.md >"$scratch/README"
      cp "$scratch/README" fuzz/README.md
    else
      table "$1"
    fi
    ;;
esac
