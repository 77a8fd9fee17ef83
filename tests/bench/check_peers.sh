#!/usr/bin/env bash
# check_peers.sh ROOT: compare_peers.py with stand-ins for our program and for the Pythons of two PyTorches and of JAX.
# Every family gets its ratios, and the best of all is found; families that a Python cannot run are left out. Exit code
# 77, skipped, if there is no Python.
set -uo pipefail
script=$1/bench/compare_peers.py
# shellcheck source=tests/bench/stand_ins.sh
source "$(dirname "${BASH_SOURCE[0]}")/stand_ins.sh"

# A microsecond per network on one thread, half of that on all.
cat >"$work/modsweep" <<'PYTHON'
#!/usr/bin/env python3
import argparse, json
parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["bench"])
parser.add_argument("--quick", action="store_true")
parser.add_argument("--setting", action="append")
parser.add_argument("--threads", type=int)
parser.add_argument("--json")
a = parser.parse_args()
with open(a.json, "w") as file:
    json.dump([{"bench": "train", "shape": "4-32-32-32-4", "batch": 200, "precision": "fp32", "threads": a.threads,
                "setting": setting, "median_us": 1.0 if a.threads == 1 else 0.5} for setting in a.setting], file)
PYTHON
# Version 1 has no compile; a loop takes 100 us, an ensemble 5, compiled 4; JAX takes 2, with 128 networks in one
# process only.
cat >"$work/python1" <<'PYTHON'
#!/usr/bin/env python3
import json, pathlib, sys
version = pathlib.Path(sys.argv[0]).name[-1]
if sys.argv[1] == "-c":
    sys.exit("jax" in sys.argv[2] and version == "1")
script, options = sys.argv[2], sys.argv[3:]
def values(name):
    rest = options[options.index(name) + 1:]
    return rest[:next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))]
threads, processes = int(values("--threads")[0]), int(values("--processes")[0])
def show(**row):
    row["networks"] *= processes
    print(json.dumps({"bench": "train", "threads": threads, "processes": processes, **row}))
if script.endswith("jax_training.py"):
    for setting in values("--setting"):
        for kind in values("--kind"):
            for networks in map(int, values("--networks")):
                show(program="jax", jax="9", form="vmap", kind=kind, run="scan", setting=setting, networks=networks,
                     median_us=2.0 if networks == 128 and processes == 1 else 3.0)
else:
    for case in values("--case"):
        form, kind, run, setting, networks = case.split(":")
        if run == "eager" or version == "2":
            show(program="torch", torch=version, blas="openblas", form=form, kind=kind, run=run, setting=setting,
                 networks=int(networks), median_us=100.0 if form == "loop" else 5.0 if run == "eager" else 4.0)
PYTHON
cp "$work/python1" "$work/python2"
chmod +x "$work/modsweep" "$work/python1" "$work/python2"

compare() { # OPTIONS...: what it prints is in `said`, its exit code in `code`
  code=0
  rm -f "$work/out.json"
  said=$(python3 -B "$script" --program "$work/modsweep" --quick --rounds 2 --json "$work/out.json" "$@" 2>&1) || code=$?
}
expect() { # WHAT HAVE WANT
  [[ "$2" == "$3" ]] || complain "$1: '$2', not '$3'; it said: $said"
}
records() { # LIST: of the setting l2, whom against and how many times faster, on a machine of any number of cores
  python3 -c '
import json, sys
for record in json.load(open(sys.argv[1]))[sys.argv[2]]:
    if record["setting"] == "l2":
        ours = record["ours_us"][0]
        print(", ".join(record["against"].split(", ")[:2]), round(record["ratio"] * ours, 3))
' "$work/out.json" "$1"
}

compare --python "$work/python1" --python "$work/python2"
expect "exit code" "$code" 0
expect "records" "$(records comparisons | sed -E 's/ of [0-9]+//')" "PyTorch 1, loop 100.0
PyTorch 2, loop 100.0
PyTorch 1, ensemble 5.0
PyTorch 1, vmap 5.0
PyTorch 2, ensemble 5.0
PyTorch 2, ensemble 4.0
PyTorch 2, vmap 4.0
JAX 9, vmap 2.0"
expect "the best" "$(records best)" "PyTorch 1, loop 100.0
JAX 9, vmap of 128 2.0"
[[ "$said" == *"python1 as compile did not run l2"* ]] || complain "what is left out is not said: $said"

compare --python "$work/python1" --peer loop jax
expect "exit code without JAX" "$code" 0
expect "records without JAX" "$(records comparisons)" "PyTorch 1, loop 100.0"
[[ "$said" == *"JAX is left out"* ]] || complain "the lack of JAX is not said: $said"

compare --python "$work/python1" --jax-python "$work/python2" --peer jax
expect "JAX alone" "$(records comparisons)" "JAX 9, vmap of 128 2.0"

compare --python "$work/python1" --jax-python "$work/python1"
expect "exit code of a Python without JAX" "$code" 2
compare --python "$work/nowhere"
expect "exit code of no Python" "$code" 2
compare --python "$work/python1" --peer nothing
expect "exit code of an unknown peer" "$code" 2
exit "$failed"
