#!/bin/bash
# Shards on one machine, a few at a time (Debian: parallel): where one process does not use all processors, as on machines
# of several sockets.
#   local.sh SWEEP.toml SHARDS [AT ONCE, 2 if not given]
# The same command again goes on where shards were ended. Makes SWEEP.db of them when all are finished.
set -euo pipefail
sweep=${1:?usage: local.sh SWEEP.toml SHARDS [AT ONCE]}
shards=${2:?usage: local.sh SWEEP.toml SHARDS [AT ONCE]}
at_once=${3:-2}
threads=$((($(nproc) + at_once - 1) / at_once))
name=$(basename "$sweep" .toml)
parallel --will-cite --jobs "$at_once" --line-buffer --tag --halt never \
  modsweep run "$sweep" --shard "{}/$shards" --threads "$threads" --quiet ::: $(seq "$shards")
modsweep merge "$name.db" "$name".shard-*-of-"$shards".db
