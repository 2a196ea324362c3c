#!/usr/bin/env bash
# Plants a sample of faults in the crates' cores, and prints how many a test noticed: xtask/mutants.sh MUTANTS-PER-CRATE [SEED] [CRATE...]
# Works in the checkout that it stands in, one fault at a time, and takes each out again. Needs cargo-mutants.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $# -ge 1 && $1 =~ ^[0-9]+$ && $1 -gt 0 ]] || { sed -n '2,3s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
each=$1 seed=${2:-1}
shift $(($# > 1 ? 2 : 1))
crates=("$@")
[[ ${#crates[@]} -gt 0 ]] || crates=(ip-wire atm-cell wire-lanes ipsec-wire ngisec-wire llpf-wire sixtofour addr-sharing diffserv)
if [[ -n $(git status --porcelain --untracked-files=no) ]]; then
  echo "mutants: there are changes that are not committed" >&2
  exit 1
fi
out=$(mktemp -d)
for crate in "${crates[@]}"; do
  total=$(cargo mutants --list --package "$crate" | wc -l)
  shards=$(((total + each - 1) / each))
  # Every shard is spread over the whole crate; the seed chooses one.
  # Modules behind features have their tests there, too; `safe-only` takes code away.
  features=(--all-features)
  [[ $crate != wire-lanes ]] || features=()
  cargo mutants --package "$crate" "${features[@]}" --shard "$((seed % shards))/$shards" --sharding round-robin --in-place --baseline skip --timeout 120 \
    --no-shuffle --output "$out/$crate" >"$out/$crate.log" 2>&1 || true
  count() { grep -c . "$out/$crate/mutants.out/$1.txt" 2>/dev/null || true; }
  caught=$(count caught) missed=$(count missed) timeout=$(count timeout) unviable=$(count unviable)
  echo "$crate: $total possible, $caught caught, $timeout caught by their time, $missed missed, $unviable do not compile"
  sed 's/^/  missed: /' "$out/$crate/mutants.out/missed.txt"
done
echo "logs: $out"
