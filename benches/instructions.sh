#!/usr/bin/env bash
# Instructions a packet of the five-tuple items, counted by callgrind. Two runs that differ only in the number of packets
# leave out everything but the packets; the loop around each packet is counted alone, and taken off. What is done with the
# five values to use them all (shifts and exclusive ors) stays in.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 2; }
cargo build --quiet --release -p benches --bin count
count="${CARGO_TARGET_DIR:-target}/release/count"

total() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$count" "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}

per_packet() {
  local few many
  few=$(total "$1" 25600)
  many=$(total "$1" 51200)
  echo $(((many - few + 12800) / 25600))
}

status=0
around=$(per_packet loop)
while read -r item budget; do
  instructions=$(($(per_packet "$item") - around))
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
