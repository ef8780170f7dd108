#!/usr/bin/env bash
# A part of `r1 reproduce` on a machine that is there for some minutes. What earlier parts packed is
# unpacked, stages run in the background, also when this part is over, and what the next machine
# needs is packed after MINUTES: models in bf16 of at most 14 MB, results, histories and logs.
#   tools/reproduce_part.sh MINUTES PACKED [options of r1 reproduce]
# Again with the same arguments: waits for the next part. Exit status 0: finished; 75: it goes on;
# any other: a stage failed, and the end of the log is shown.
# Checkpoints are too large to be packed: on another machine a stage that was under way starts again
# from its SFT model, and one that was only not evaluated is evaluated.
# PACKED has at most REPRODUCE_FILES files (8): the results; of each seed the models of REPRODUCE_KEEP
# ("sft verified all-rewards"); models that were not evaluated yet.
set -euo pipefail
minutes=$1 packed=$2
shift 2
output=${REPRODUCE_OUTPUT:-output/reproduce} python=${PYTHON:-python}
keep=${REPRODUCE_KEEP-sft verified all-rewards} files=${REPRODUCE_FILES:-8}
mkdir -p "$output" "$packed"
running() { [ -f "$output/part.pid" ] && kill -0 "$(cat "$output/part.pid")" 2>/dev/null; }

unpack() { # what is here already is newer
  [ ! -f "$packed/results.tar.gz" ] || tar -xzf "$packed/results.tar.gz" --skip-old-files -C "$output"
  for weights in "$packed"/seed-*-*.safetensors; do
    [ -f "$weights" ] || continue
    name=$(basename "$weights" .safetensors) name=${name#seed-}
    mkdir -p "$output/seed-${name%%-*}"
    own="$output/seed-${name%%-*}/${name#*-}.safetensors"
    [ -e "$own" ] || cp "$weights" "$own" # some cp -n fail where the file is there
  done
}

pack() {
  local wanted=() weights stage
  evaluated() { [ -f "$(dirname "$1")/answers/$(basename "$1" .safetensors).json" ]; }
  for weights in "$output"/seed-*/*.safetensors; do
    if [ -f "$weights" ] && ! evaluated "$weights"; then wanted+=("$weights"); fi
  done
  for stage in $keep; do
    for weights in "$output"/seed-*/"$stage.safetensors"; do
      if [ -f "$weights" ] && evaluated "$weights"; then wanted+=("$weights"); fi
    done
  done
  rm -f "$packed"/seed-*-*.safetensors
  for weights in "${wanted[@]:0:$((files - 1))}"; do
    cp "$weights" "$packed/$(basename "$(dirname "$weights")")-$(basename "$weights")"
  done
  # logs are written meanwhile: tar says so with 1
  (cd "$output" && find . -maxdepth 3 -type f \
    \( -name '*.json' -o -name '*.md' -o -name '*.png' -o -name '*.log' \) \
    -not -path '*/final/*' -not -path '*/start/*' -not -path '*/checkpoint-*' -not -name spent.json \
    -print0) | tar -czf "$packed/results.tar.gz" -C "$output" --null -T - || [ $? = 1 ]
}

if [ ! -f "$output/part.status" ] && ! running; then
  unpack
  setsid bash -c 'status=0; "$@" || status=$?; echo "$status" > "$0"' "$output/part.status" \
    "$python" -m r1_training.cli reproduce --output "$output" --report "$output/report" "$@" \
    >> "$output/part.log" 2>&1 < /dev/null &
  echo $! > "$output/part.pid"
fi
until=$(($(date +%s) + $(awk "BEGIN {print int(60 * $minutes)}")))
while [ ! -f "$output/part.status" ] && running && [ "$(date +%s)" -lt "$until" ]; do sleep 1; done
pack
if [ ! -f "$output/part.status" ] && running; then exit 75; fi
status=$(cat "$output/part.status" 2>/dev/null || echo 1)
rm -f "$output/part.status" "$output/part.pid" # the next part starts what is left
[ "$status" = 0 ] || tail -c 100000 "$output/part.log" | tr '\r' '\n' | tail -n 30 >&2
exit "$status"
