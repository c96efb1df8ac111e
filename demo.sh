#!/bin/sh
# Train a small grid on the bundled digits, print reconstructions and the list of runs, open the explorer.
set -eu
runs=build/demo
# Existing runs are resumed, or reported as finished.
vaetui train --dataset digits --latent 2,10 --beta 1,4 --epochs 60 --runs "$runs"
vaetui show @latest --runs "$runs"
vaetui ls --runs "$runs"
if [ -t 0 ] && [ -t 1 ]; then
    exec vaetui explore --runs "$runs"
fi
echo "not a terminal: run \`vaetui explore --runs $runs\` in one to open the explorer"
