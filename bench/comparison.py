"""Shared by compare_peers.py and compare_gpu.py: running programs, describing the machine, ratios over rounds."""

import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench/peers"
BATCH = 200


def say(message):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)


def fail(message, code=1):
    """Ends the program with code 2: wrong usage."""
    say(message)
    sys.exit(code)


def command_output(command, required=True, **options):
    """Standard output of a command; its errors go to the terminal. If the command is not required, its failure is
    reported and does not end the program."""
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **options)
    if result.returncode != 0:
        (fail if required else say)(f"exit code {result.returncode} of: {' '.join(map(str, command))}")
    return result.stdout


def first_line(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def find_python(wanted, statement):
    """An interpreter in which the statement runs, or None: Debian's is not always the first on the path."""
    for python in [wanted] if wanted else [sys.executable, "/usr/bin/python3", "python3"]:
        try:
            if subprocess.run([python, "-c", statement], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return python
        except OSError:
            pass
    return None


def json_rows(output):
    """The JSON lines that a peer prints."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def bench_rows(program, options, required=True):
    """Rows of `modsweep bench`; None if it failed and is not required."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bench.json"
        command_output([program, "bench", *options, "--json", path], required)
        return json.loads(path.read_text(encoding="utf-8")) if required or path.is_file() else None


def rows_by_setting(rows, settings, wanted):
    """{setting: our row that has all entries of `wanted`}."""
    ours = {row["setting"]: {"program": "modsweep", **row} for row in rows if wanted.items() <= row.items()}
    missing = set(settings) - set(ours)
    if missing:
        fail(f"`modsweep bench` has no row with setting {', '.join(sorted(missing))} and {wanted}")
    return ours


def machine(program):
    """What the numbers depend on."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    compiler = "c++"
    cache = program.parent / "CMakeCache.txt"
    if cache.is_file():
        for line in cache.read_text(encoding="utf-8").splitlines():
            if line.startswith("CMAKE_CXX_COMPILER:"):
                compiler = line.split("=", 1)[1]
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "system": platform.platform(), "cpu": model, "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0], "compiler": first_line([compiler, "--version"]),
        "commit": first_line(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]),
    }


def warn_if_busy(about):
    if about["load"] > 0.5:
        say(f"the machine is busy (load {about['load']:.1f}): both sides will suffer")


def summary(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def ratio_record(pairs):
    """The record of rounds of (our row, their row): microseconds of both sides, and how many times faster ours is."""
    ours = [our["median_us"] for our, _ in pairs]
    theirs = [their["median_us"] for _, their in pairs]
    ratios = [their / our for our, their in zip(ours, theirs)]
    return {"peer_us": theirs, "ours_us": ours, "ratios": ratios, "ratio": statistics.median(ratios),
            "ratio_min": min(ratios), "ratio_max": max(ratios)}


def ratio_columns(record):
    """The peer's microseconds, ours, and how many times faster ours is: text for a table under ratio_header."""
    return (f"{summary(record['peer_us'], 2):>26} {summary(record['ours_us'], 2):>23} "
            f"{summary(record['ratios'], 1):>21}")


def ratio_header(peer):
    return f"{f'{peer} us':>26} {'modsweep us':>23} {'times faster':>21}"


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
