#!/usr/bin/env bash
# check_compare.sh ROOT MODSWEEP: compare_gpu.py with stand-ins for our program and for the Python of PyTorch and JAX.
# Every engine of ours gets its ratios and its scaling; a case that an engine refuses is a '-', and an engine that
# crashes fails the comparison after everything else is done. Exit code 77, skipped, if there is no Python.
set -uo pipefail
root=$1 modsweep=$2
script=$root/bench/compare_gpu.py
# shellcheck source=tests/bench/stand_ins.sh
source "$(dirname "${BASH_SOURCE[0]}")/stand_ins.sh"

# Half a microsecond per network in gemm, a tenth in the others, which refuse width 64; 132 networks take as long as
# one.
cat >"$work/modsweep" <<'PYTHON'
#!/usr/bin/env python3
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["bench"])
for name in ("engine", "precision", "json"):
    parser.add_argument(f"--{name}", default="fp32")
for name in ("setting", "shape", "networks"):
    parser.add_argument(f"--{name}", action="append")
for name in ("spectra", "quick"):
    parser.add_argument(f"--{name}", action="store_true")
a = parser.parse_args()
if a.engine == os.environ.get("BROKEN"):
    sys.exit(3)
row = {"engine": a.engine, "bench": "spectra", "networks": 10, "n": 8, "median_us": 1.0, "precision": "fp64"}
rows = [row] if a.spectra else [
    {"engine": a.engine, "bench": "train", "setting": setting, "shape": shape, "batch": 200, "precision": a.precision,
     "networks": int(networks), "median_us": {"gemm": 0.5}.get(a.engine, 0.1) * max(1, 132 / int(networks))}
    for setting in a.setting for shape in a.shape for networks in a.networks if a.engine == "gemm" or "64" not in shape]
with open(a.json, "w") as file:
    json.dump(rows, file)
PYTHON
# A loop takes 100 us, an ensemble 5, with graphs or compiled 4; JAX takes 2.
cat >"$work/python" <<'PYTHON'
#!/usr/bin/env python3
import json, sys
if sys.argv[1] == "-c":
    sys.exit()
script, options = sys.argv[2], sys.argv[3:]
def values(name):
    rest = options[options.index(name) + 1:]
    return rest[:next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))]
def show(**row):
    print(json.dumps({"tf32": "--tf32" in options, **row}))
if script.endswith("torch_spectra.py"):
    for n, count in zip(values("--n"), values("--matrices"), strict=True):  # as many as ours
        show(program="torch", n=int(n), networks=int(count), precision="fp64", median_us=3.0, weights_us=4.0)
    sys.exit()
width = values("--width")[0]
shape = f"4-{width}-{width}-{width}-4"
if script.endswith("jax_training.py"):
    for setting in values("--setting"):
        show(program="jax", form="vmap", kind="xla", run="scan", setting=setting, networks=int(values("--networks")[0]),
             shape=shape, median_us=2.0)
else:
    for case in values("--case"):
        form, kind, run, setting, networks = case.split(":")
        show(program="torch", form=form, kind=kind, run=run, setting=setting, networks=int(networks), shape=shape,
             median_us=100.0 if form == "loop" else 5.0 if run == "eager" else 4.0)
PYTHON
chmod +x "$work/modsweep" "$work/python"

compare() { # OPTIONS...: what it prints is in `said`, its exit code in `code`
  code=0
  rm -f "$work/out.json"
  said=$(python3 -B "$script" --program "$work/modsweep" --python "$work/python" --quick --rounds 2 --setting wa2 \
    --json "$work/out.json" "$@" 2>&1) || code=$?
}
expect() { # WHAT HAVE WANT
  [[ "$2" == "$3" ]] || complain "$1: '$2', not '$3'; it said: $said"
}
# The ratios in a list of the records, one engine per column.
ratios() { # LIST NAME
  python3 -c '
import json, sys
for record in json.load(open(sys.argv[1]))[sys.argv[2]]:
    cells = record.get("engines", {}).values()
    print(record.get(sys.argv[3]), *(cell and round(cell.get("ratio", cell.get("times_one")), 3) for cell in cells))
' "$work/out.json" "$@"
}

compare --width 32 64
expect "exit code" "$code" 0
expect "best peers" "$(ratios best best)" "ensemble 4.0 20.0 20.0
graphs, compile too 4.0 20.0 20.0
loop 200.0 1000.0 1000.0
ensemble 4.0 None None
graphs, compile too 4.0 None None
loop 200.0 None None"
scaling="1 1.0 1.0 1.0
132 1.0 1.0 1.0
264 2.0 2.0 2.0
1024 7.758 7.758 7.758
4096 31.03 31.03 31.03
16384 124.121 124.121 124.121"
expect "scaling" "$(ratios scaling networks)" "$scaling"
grep -Eq '^wa2 +4-64-64-64-4 +loop +200\.0 \(200\.0-200\.0\) +- +- +100\.00 ' <<<"$said" ||
  complain "the table has no '-' for a shape that is refused: $said"
grep -Eq '^n = 8 +10 ' <<<"$said" || complain "the table has no spectra: $said"

compare --width 32 --peer ensemble graph loop --engine fused --engine gemm --engine fused
expect "best peers of two engines" "$(ratios best best)" "ensemble 50.0 10.0
graphs, compile too 40.0 8.0
loop 1000.0 200.0"

# The scaling with the number of networks needs no peer.
compare --python "$work/nowhere" --peer scaling --engine fused
expect "exit code of scaling alone" "$code" 0
expect "scaling alone" "$(ratios scaling networks)" "$(cut -d' ' -f1,2 <<<"$scaling")"

compare --tf32 --width 32 --peer "loop"
expect "ratios with TF32" "$(ratios comparisons tf32)" "True 200.0"
compare --tf32 --engine fused
expect "exit code of fused with TF32" "$code" 2
compare --engine nothing
expect "exit code of an unknown engine" "$code" 2
compare --width 64 --peer loop --engine fused
expect "exit code where all is refused" "$code" 1

BROKEN=fused compare --width 32 --peer loop
expect "exit code with an engine that breaks" "$code" 1
expect "ratios with an engine that breaks" "$(ratios comparisons run)" "eager 200.0 None 1000.0"
[[ "$said" == *"failed with --engine fused;"* ]] || complain "the engine that broke is not named: $said"

# The script knows all of our GPU engines.
engines=$("$modsweep" bench --help | sed -n 's/.*--engine NAME:{auto,cpu,\(.*\)}.*/\1/p')
known=$(python3 -B "$script" --help | tr -s ' \n' ' ')
[[ -n "$engines" ]] || complain "modsweep bench --help names no GPU engines"
for engine in ${engines//,/ }; do
  [[ "$known" == *"default: "*"$engine"*"with --tf32"* ]] || complain "compare_gpu.py does not know the engine $engine"
done
exit "$failed"
