#!/usr/bin/env bash
# Instructions a packet of the five-tuple items, counted by callgrind. Two runs that differ only in the number of packets
# leave out everything but the packets; the loop around each packet counts.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 2; }
cargo build --quiet --release -p benches --bin count
count="${CARGO_TARGET_DIR:-target}/release/count"

total() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$count" "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}

status=0
while read -r item budget; do
  few=$(total "$item" 25600)
  many=$(total "$item" 51200)
  instructions=$(((many - few + 12800) / 25600))
  verdict=""
  if [[ $budget != - ]]; then
    if ((instructions <= budget)); then verdict="met"; else verdict="NOT met"; status=1; fi
  fi
  printf '%-12s %4d instructions a packet, budget %s %s\n' "$item" "$instructions" "$budget" "$verdict"
done <<'ITEMS'
v4-tcp 75
v6-ext-udp 125
mix -
ITEMS
exit "$status"
