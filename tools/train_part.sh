#!/usr/bin/env bash
# A part of `r1 train tiny` on machines that are there for some minutes. Training runs on in the
# background; after MINUTES the newest weights are packed (bf16, files of at most 14 MB), so that a
# machine that is taken away costs a part and not the run.
#   tools/train_part.sh MINUTES PACKED --gpus N [options of r1 train tiny]
# Again with the same arguments: waits for the next part. Exit status 0: finished; 75: it goes on;
# any other: training failed, and the end of its log is shown.
set -euo pipefail
minutes=$1 packed=$2 gpus=1
shift 2
if [ "${1:-}" = --gpus ]; then
  gpus=$2
  shift 2
fi
output=${TRAIN_OUTPUT:-output/r1-tiny}
mkdir -p "$output" "$packed"
running() { [ -f "$output/train.pid" ] && kill -0 "$(cat "$output/train.pid")" 2>/dev/null; }
if [ ! -d "$output/r1-tiny" ] && ! running; then
  setsid torchrun --standalone --nproc_per_node "$gpus" -m r1_training.cli train tiny \
    --devices "$gpus" --output "$output" "$@" > "$output/train.log" 2>&1 < /dev/null &
  echo $! > "$output/train.pid"
fi
until=$(($(date +%s) + $(awk "BEGIN {print int(60 * $minutes)}")))
while running && [ "$(date +%s)" -lt "$until" ]; do sleep 1; done
"${PYTHON:-python}" -m r1_training.tiny.newest "$output" "$packed"
tail -c 100000 "$output/train.log" 2>/dev/null | tr '\r' '\n' > "$packed/train.log" || true
if [ -d "$output/r1-tiny" ]; then exit 0; fi
if running; then exit 75; fi
tail -n 30 "$packed/train.log" >&2
exit 1
