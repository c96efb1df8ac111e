#!/bin/sh
# The main job from start to finish, on digits that need no download: train a grid, print it, explore it.
set -eu
runs=build/demo
# Where a run is there already, training goes on or says that it is finished.
vaetui train --dataset digits --latent 2,10 --beta 1,4 --epochs 60 --runs "$runs"
vaetui show @latest --runs "$runs"
vaetui ls --runs "$runs"
if [ -t 0 ] && [ -t 1 ]; then
    exec vaetui explore --runs "$runs"
fi
echo "no terminal here: in one, \`vaetui explore --runs $runs\` opens the explorer"
