#!/usr/bin/env bash
# A part of `r1 reproduce` on a machine that is there for some minutes: what earlier parts packed is
# unpacked, stages go on, and what the next machine needs is packed (SFT weights in bf16, results).
#   tools/reproduce_part.sh MINUTES PACKED [options of r1 reproduce]
# On the same machine a paused stage goes on from its checkpoint in output/reproduce; checkpoints are
# too large to be packed, so on another machine it starts again from its SFT model.
set -euo pipefail
minutes=$1 packed=$2
shift 2
output=${REPRODUCE_OUTPUT:-output/reproduce}
mkdir -p "$output" "$packed"
if [ -f "$packed/results.tar.gz" ]; then
  tar -xzf "$packed/results.tar.gz" -C "$output"
  for weights in "$packed"/seed-*-sft.safetensors; do
    [ -f "$weights" ] || continue
    seed=$(basename "$weights" -sft.safetensors)
    mkdir -p "$output/$seed"
    cp -n "$weights" "$output/$seed/sft.safetensors"
  done
fi
status=0
"${PYTHON:-python}" -m r1_training.cli reproduce --output "$output" --within "$minutes" \
  --report "$output/report" "$@" || status=$?
for weights in "$output"/seed-*/sft.safetensors; do
  [ -f "$weights" ] || continue
  cp "$weights" "$packed/$(basename "$(dirname "$weights")")-sft.safetensors"
done
(cd "$output" && find . -maxdepth 3 -type f \
  \( -name '*.json' -o -name '*.md' -o -name '*.png' -o -name '*.log' \) \
  -not -path '*/final/*' -not -path '*/start/*' -not -path '*/checkpoint-*' -not -name spent.json \
  -print0) | tar -czf "$packed/results.tar.gz" -C "$output" --null -T -
exit "$status"
