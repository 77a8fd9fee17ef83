#!/usr/bin/env python3
"""slurm.py [--program PATH] [--keep FOLDER]: shards on a real Slurm, four nodes on this machine.

The files of sweeps/cluster/ are submitted as they are. Jobs are preempted, cancelled, signaled, out of time, and lose their
node; in the end each merged store equals that of one process in results, history, spectra, cells and weights. Where Slurm is
not installed, or for others than root, it says so and ends with exit code 77. Exit code 1: something was lost."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

try:
    import yaml
except ImportError:
    yaml = None

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path += [str(HERE), str(ROOT / "tests/storm")]
sys.dont_write_bytecode = True

from cluster import Cluster, missing, until  # noqa: E402
from common import Outcome, rows_of, tensors_of  # noqa: E402
import sweeps  # noqa: E402

CLUSTER = ROOT / "sweeps/cluster"
TABLES = ("results", "history", "spectra", "cells")
SKIPPED = 77
# 600 cells that take no time, and 18 that take long enough to be caught.
GRID = sweeps.text("grid", steps=(100, 200, 300), seeds=50, every=100, samples=(20, 30, 40, 50))
LONG = sweeps.text("long", steps=(20000, 200000, 600000), seeds=6, every=20000)


class Lost(Exception):
    pass


def check(true, what):
    if not true:
        raise Lost(what)


class Shards:
    """The program, the sweeps, and what one process makes of them."""

    def __init__(self, program, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/modsweep").symlink_to(program.resolve())
        ours = ("SLURM", "SBATCH_", "SRUN_", "OMPI_", "PMI_", "JOB_COMPLETION", "MODSWEEP_")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        self.environment = environment | {"PATH": f"{folder}/bin:{os.environ['PATH']}", "LC_ALL": "C",
                                          "XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "disk")}
        (folder / "disk").mkdir()
        self.texts = {"grid": GRID, "long": LONG}
        self.wanted = {}
        for name in self.texts:
            place = self.place(f"whole-{name}", name)
            self.run(place, "run", f"{name}.toml", "--engine", "cpu", "--threads", "1", "--quiet", "-o", "s.db")
            self.wanted[name] = self.picture(place, "s.db")
        cells = len(self.wanted["grid"]["results"])
        check(cells == 600, f"the grid has {cells} cells, not 600")

    def place(self, name, sweep):
        """A new folder with the sweep."""
        folder = self.folder / name
        folder.mkdir()
        (folder / f"{sweep}.toml").write_text(self.texts[sweep])
        return folder

    def run(self, folder, *command):
        done = subprocess.run([self.folder / "bin/modsweep", *map(str, command)], cwd=folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        check(done.returncode == 0, f"modsweep {' '.join(map(str, command))}: {done.stderr.decode().strip()}")
        return Outcome(command, 0, done.stdout, done.stderr)

    def picture(self, folder, store):
        found = {table: rows_of(self.run(folder, "export", store, "--table", table, "--format", "jsonl"))
                 for table in TABLES}
        self.run(folder, "weights", store, "-o", "weights.safetensors")
        found["weights"] = tensors_of((folder / "weights.safetensors").read_bytes())
        return found

    def outcomes(self, store):
        """How the runs of a store ended."""
        rows = self.run(store.parent, "export", store.name, "--table", "runs", "--format", "jsonl").out.splitlines()
        return [json.loads(row)["outcome"] for row in rows]

    def equal(self, folder, sweep, stores="results"):
        """Merges the stores and compares."""
        self.run(folder, "merge", "merged.db", *([stores] if isinstance(stores, str) else stores))
        found, wanted = self.picture(folder, "merged.db"), self.wanted[sweep]
        for table in wanted:
            check(found[table] == wanted[table], f"{folder.name}: {table} are not those of one process")


@contextlib.contextmanager
def stage(name):
    began = time.monotonic()
    yield
    print(f"slurm: {name}: {time.monotonic() - began:.0f} s", flush=True)


def finished_cells(store):
    """How many cells of a store are finished, now."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=0.05)) as connection:
            return connection.execute("select count(*) from results where status = 'done'").fetchone()[0]
    except sqlite3.Error:
        return 0


def programs(cluster):
    """The processes of modsweep in jobs, by the disk of their node."""
    found = collections.defaultdict(list)
    for number in cluster.processes():
        with contextlib.suppress(OSError):
            words = pathlib.Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
            if pathlib.Path(f"/proc/{number}/comm").read_text().strip() == "modsweep":
                found[next(word[7:].decode() for word in words if word.startswith(b"TMPDIR="))].append(number)
    return found


def has_finished_a_cell(number):
    """Whether the store that a process trains has finished cells."""
    with contextlib.suppress(OSError):
        opened = [os.readlink(link) for link in pathlib.Path(f"/proc/{number}/fd").iterdir()]
        return any(finished_cells(file) for file in opened if file.endswith(".db"))
    return False


def catch(jobs, cluster):
    """Stops the programs of all jobs, each when it has finished a cell and before it has finished all: [numbers] by name."""
    caught = {name: [] for name in jobs}

    def all_caught():
        running = programs(cluster)
        for name, job in jobs.items():
            for number in running[str(job.disk)]:
                if number not in caught[name] and has_finished_a_cell(number):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(number, signal.SIGSTOP)
                        caught[name].append(number)
        return all(len(caught[name]) == job.count for name, job in jobs.items())

    until(all_caught, 60, "all programs are caught in training")
    return caught


class Job:
    """A job that trains LONG, in a folder and with a node's disk of its own."""

    def __init__(self, shards, cluster, name, node, *command, shards_of=1):
        self.shards, self.cluster, self.command, self.count, self.node = shards, cluster, command, shards_of, node
        self.folder = shards.place(name, "long")
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.submit()

    def submit(self, *, node=None):
        self.id = self.cluster.submit(self.folder, f"--nodelist={node or self.node}", "--cpus-per-task=2", *self.command,
                                      variables={"TMPDIR": str(self.disk)})

    def programs(self):
        """The processes of modsweep in this job."""
        return programs(self.cluster)[str(self.disk)]

    def check_saved(self):
        """Every program has saved and handed over its store. (What it said is lost where srun was ended with the script.)"""
        stores = sorted((self.folder / "results").glob("*.db"))
        check(len(stores) == self.count, f"{self.folder.name}: {len(stores)} of {self.count} stores were handed over")
        for store in stores:
            outcomes = self.shards.outcomes(store)
            check(outcomes == ["interrupted"], f"{self.folder.name}: the runs of {store.name} ended as {outcomes}")
            check(finished_cells(store), f"{self.folder.name}: {store.name} was handed over without what was finished")

    def lose_disk(self):
        """As for a job that goes on on another node."""
        shutil.rmtree(self.disk)
        self.disk.mkdir()


def ended(job, state, code=None, seconds=60):
    for task in job.cluster.wait(job.id, seconds):
        check(task["JobState"] == state and (code is None or task["ExitCode"] == code),
              f"{job.folder.name}: ended as {task['JobState']}, {task['ExitCode']}, not {state}, {code}")


def files_as_they_are(shards, cluster):
    """array.sbatch and gpus.sbatch over 600 cells."""
    array, gpus, each = (shards.place(name, "grid") for name in ("array", "gpus", "each-gpu"))
    jobs = [cluster.submit(array, CLUSTER / "array.sbatch", "grid.toml"),
            cluster.submit(gpus, CLUSTER / "gpus.sbatch", "grid.toml", "stores"),
            cluster.submit(each, "--nodes=2", "--ntasks-per-node=8", "--gpus-per-task=1", "--cpus-per-task=4",
                           CLUSTER / "gpus.sbatch", "grid.toml")]
    for job in jobs:
        for task in cluster.wait(job):
            check(task["JobState"] == "COMPLETED", f"job {job} ended as {task['JobState']}")
    check(len(list((array / "results").iterdir())) == 4, "the array did not make four stores")
    check(len(list((gpus / "stores").iterdir())) == 4, "four nodes did not make four stores")
    check(len(list((each / "results").iterdir())) == 16, "16 GPUs did not make 16 stores")
    shards.equal(each, "grid")
    shards.equal(array, "grid")
    shards.equal(gpus, "grid", "stores")


def without_a_scheduler(shards):
    """local.sh, and the pods of kubernetes.yaml as its environment and command say, with other folders."""
    local = shards.place("local", "grid")
    done = subprocess.run([CLUSTER / "local.sh", "grid.toml", "3"], cwd=local, env=shards.environment, capture_output=True,
                          text=True, timeout=60, check=False)
    check(done.returncode == 0, f"local.sh: exit code {done.returncode}: {done.stderr}")
    shards.equal(local, "grid", ["grid.db"])

    pods = shards.place("pods", "grid")
    (pods / "grid.toml").rename(pods / "sweep.toml")
    job = yaml.safe_load((CLUSTER / "kubernetes.yaml").read_text())["spec"]
    container = job["template"]["spec"]["containers"][0]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in job["template"]["spec"]["volumes"]}
    check(volumes == set(mounts.values()), "volumes and mounts differ")
    (pods / "results").mkdir()
    folders = {"/sweep": str(pods), "/scratch": str(pods), "/results": str(pods / "results")}

    def here(text):
        mount = next((mount for mount in mounts if text.startswith(mount)), None)
        return text if mount is None else folders[mount] + text[len(mount):]

    for index in range(job["completions"]):
        variables = {one["name"]: here(one["value"]) for one in container["env"]} | {"JOB_COMPLETION_INDEX": str(index)}
        done = subprocess.run(list(map(here, container["command"])), cwd=pods, env=shards.environment | variables,
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 0, f"pod {index}: {done.stderr}")
    shards.equal(pods, "grid")


def pending(number, which):
    """Whether a signal waits for a process that is stopped."""
    try:
        status = pathlib.Path(f"/proc/{number}/status").read_text()
    except OSError:
        return True
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (which - 1) & 1 for mask in masks)


def go_on(numbers):
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGCONT)


def interruptions(shards, cluster):
    under_exec, under_srun = CLUSTER / "array.sbatch", CLUSTER / "preemptible.sbatch"
    jobs = {
        "preempted under srun": Job(shards, cluster, "preempted-srun", "n1", under_srun, "long.toml", shards_of=4),
        "preempted under exec": Job(shards, cluster, "preempted-exec", "n2", "--array=1", "--open-mode=append", under_exec,
                                    "long.toml"),
        "warned by Slurm": Job(shards, cluster, "warned", "n3", "--array=1", "--time=2", under_exec, "long.toml"),
        "out of time": Job(shards, cluster, "time", "n3", "--array=1", "--time=10", "--signal=USR1@0", under_exec,
                           "long.toml"),
        "cancelled": Job(shards, cluster, "cancelled", "n3", "--array=1", under_exec, "long.toml"),
        "USR1 under exec": Job(shards, cluster, "usr1-exec", "n3", "--array=1", under_exec, "long.toml"),
        "USR1 under srun": Job(shards, cluster, "usr1-srun", "n3", "--array=1", under_srun, "long.toml"),
        "node": Job(shards, cluster, "node", "n4", "--array=1", "--no-requeue", under_exec, "long.toml"),
    }
    caught = catch(jobs, cluster)
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 2))
    cluster.must("scontrol", "update", f"jobid={jobs['out of time'].id}", f"EndTime={soon}")
    with stage("preempted and requeued"):
        preemptor = cluster.submit(shards.folder, "--partition=high", "--nodes=2", "--nodelist=n1,n2", "--exclusive",
                                   "--output=/dev/null", "--wrap=sleep 1")
        check(cluster.wait(preemptor)[0]["JobState"] == "COMPLETED", "the job that preempts did not run")
        for name in ("preempted under srun", "preempted under exec"):
            job = jobs[name]
            job.check_saved()
            job.lose_disk()
            check(all(int(task["Restarts"]) == 1 for task in cluster.jobs(job.id)), f"{name}: not requeued once")

    with stage("cancelled, signaled"):
        cluster.must("scancel", jobs["cancelled"].id)
        ended(jobs["cancelled"], "CANCELLED")
        cluster.must("scancel", "--batch", "--signal=USR1", jobs["USR1 under exec"].id)
        cluster.must("scancel", "--signal=USR1", jobs["USR1 under srun"].id)
        for name in ("USR1 under exec", "USR1 under srun"):
            until(lambda: all(pending(number, signal.SIGUSR1) for number in caught[name]), 20, f"{name}: the signal comes")
            go_on(caught[name])
        ended(jobs["USR1 under exec"], "FAILED", "130:0")
        for name in ("cancelled", "USR1 under exec"):
            jobs[name].check_saved()
            jobs[name].lose_disk()
            jobs[name].submit()

    with stage("node killed, its store copied to another"):
        node = jobs["node"]
        cluster.kill_node("n4")
        check(not node.programs() and not list((node.folder / "results").iterdir()), "the node was not killed in training")
        other = node.folder / "other"
        shutil.copytree(node.disk, other)
        node.disk = other
        node.submit(node="n3")
        ended(node, "COMPLETED")
        cluster.start_node("n4")

    with stage("time limit"):
        name = "warned by Slurm"
        until(lambda: all(pending(number, signal.SIGUSR1) for number in caught[name]), 60, "Slurm warns of the time limit")
        go_on(caught[name])
        ended(jobs[name], "FAILED", "130:0")
        ended(jobs["out of time"], "TIMEOUT")
        for name in ("warned by Slurm", "out of time"):
            jobs[name].check_saved()
            jobs[name].lose_disk()
            # Now with as much time as it takes: on a busy machine the rest may need longer than the limit was.
            jobs[name].command = tuple(option for option in jobs[name].command if not str(option).startswith("--time="))
            jobs[name].submit()

    with stage("all go on"):
        for name, job in jobs.items():
            ended(job, "COMPLETED", "0:0")
            shards.equal(job.folder, "long")
            outcomes = shards.outcomes(job.folder / "merged.db")
            check(len(outcomes) == 2 * job.count, f"{name}: the runs ended as {outcomes}: not two for each shard")
        check(all(int(task["Restarts"]) == 1 for task in cluster.jobs(jobs["USR1 under srun"].id)),
              "USR1 under srun: the script did not requeue its job once")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this new folder and leave it")
    arguments = parser.parse_args()
    lacks = missing() + ([] if shutil.which("parallel") else ["parallel"]) + ([] if yaml else ["yaml"])
    if lacks:
        print(f"slurm: SKIPPED, nothing was tested: this machine lacks {', '.join(lacks)} (Debian: slurm-wlm munge parallel "
              "python3-yaml)")
        return SKIPPED
    folder = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="modsweep-slurm-"))
    folder.mkdir(exist_ok=True)
    folder = folder.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("slurm: ended by a signal"))  # after the cluster is stopped
    try:
        began = time.monotonic()
        shards = Shards(arguments.program, folder)
        (folder / "slurm").mkdir()
        with Cluster(folder / "slurm", shards.environment) as cluster:
            with stage("array and nodes with GPUs, 600 cells"):
                files_as_they_are(shards, cluster)
            interruptions(shards, cluster)
        with stage("GNU parallel, pods"):
            without_a_scheduler(shards)
        print(f"slurm: held after {time.monotonic() - began:.0f} s")
    except (Lost, RuntimeError) as error:
        print(f"slurm: FAILED: {error}", file=sys.stderr)
        return 1
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
