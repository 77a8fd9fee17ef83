"""A Slurm of four nodes on this machine, with folders, keys and ports of its own; nothing of it outlives the test."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "squeue")
# Each node claims 32 processors and eight GPUs, which nobody opens: what jobs ask for is granted, and they share this
# machine. `cred_expire` is also how long a requeued job waits at least.
CONFIGURATION = """ClusterName=modsweep-test
SlurmctldHost={host}
SlurmctldPort={controller_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
MinJobAge=600
ReturnToService=2
GresTypes=gpu
MpiDefault=none
NodeName=n[1-4] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first_port}-{last_port}] CPUs=32 RealMemory=1000 Gres=gpu:8
PartitionName=low Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=n[1-4] MaxTime=INFINITE State=UP PriorityTier=10
"""
NODES = ("n1", "n2", "n3", "n4")
ENDED = ("BOOT_FAIL", "CANCELLED", "COMPLETED", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT")


def missing():
    """What a test needs and this machine lacks."""
    return [name for name in PROGRAMS if not shutil.which(name)] + (["root"] if os.geteuid() else [])


def free_ports(count):
    """The first of so many ports in a row that nobody listens on, unlike those of a Slurm of this machine."""
    for first in range(23817, 32000, count + 3):
        try:
            sockets = []
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def until(question, seconds, what):
    """Asks again and again; the answer when it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    raise RuntimeError(f"not within {seconds} s: {what}")


class Cluster:
    def __init__(self, folder, environment):
        self.folder = pathlib.Path(folder)
        self.environment = environment | {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self.daemons = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        os.chmod(self.folder, 0o755)
        (self.folder / "state").mkdir()
        ports = free_ports(len(NODES) + 1)
        host = socket.gethostname().partition(".")[0]
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, host=host, controller_port=ports, first_port=ports + 1, last_port=ports + len(NODES)))
        for gpu in range(8):
            (self.folder / f"gpu{gpu}").touch()
        (self.folder / "gres.conf").write_text(f"NodeName=n[1-4] Name=gpu File={self.folder}/gpu[0-7]\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self.daemon("munged", "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket",
                    f"--key-file={key}", f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge.seed",
                    f"--log-file={self.folder}/munged.log", "--num-threads=2")
        until((self.folder / "munge.socket").exists, 10, "munged listens")
        self.daemon("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self.start_node(node)
        until(lambda: self.said("sinfo", "-h", "-N", "-o", "%t").split().count("idle") >= len(NODES), 30,
              "four nodes are idle")

    def daemon(self, name, *command):
        with open(self.folder / f"{name}.out", "ab") as out:
            self.daemons[name] = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                                                  stderr=out, start_new_session=True)

    def start_node(self, node):
        (self.folder / f"spool.{node}").mkdir(exist_ok=True)
        self.daemon(node, "slurmd", "-D", "-N", node)

    def stop(self):
        """Ends all jobs and daemons, children of killed ones included."""
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            subprocess.run(["scancel", "--user=root"], env=self.environment, capture_output=True, timeout=20, check=False)
            try:
                until(lambda: not self.said("squeue", "-h"), 15, "no jobs")
            except RuntimeError:
                pass
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            for name in [*NODES, "slurmctld", "munged"]:
                if name in self.daemons and self.daemons[name].poll() is None:
                    self.daemons[name].send_signal(signal_number)
            end = time.monotonic() + 5
            while time.monotonic() < end and any(one.poll() is None for one in self.daemons.values()):
                time.sleep(0.05)
        for process in self.processes():
            os.kill(process, signal.SIGKILL)

    def processes(self, node=None):
        """The processes of jobs: those whose environment names this cluster; of one node where it is given."""
        found = []
        ours = {one.pid for name, one in self.daemons.items() if name not in NODES} | {os.getpid()}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in ours:
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"SLURM_CONF={self.environment['SLURM_CONF']}".encode() not in environment:
                continue
            of_node = f"SLURMD_NODENAME={node}".encode() in environment or f" -N {node}" in command
            if node is None or of_node or (node in command and "slurmstepd" in command):
                found.append(int(entry.name))
        return found

    def kill_node(self, node):
        """As a power cut: slurmd, its steps and the programs, all at once."""
        for number in self.processes(node):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.daemons[node].wait()

    def said(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False).stdout

    def must(self, *command, folder=None, variables=None):
        done = subprocess.run(list(map(str, command)), cwd=folder, env=self.environment | (variables or {}),
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def submit(self, folder, *command, variables=None):
        """The id of a new job, with these variables in its environment."""
        return re.match(r"\d+", self.must("sbatch", "--parsable", *command, folder=folder, variables=variables))[0]

    def job(self, job):
        """What scontrol tells of a job (of the task of an array, ID_TASK): {field: text}."""
        return dict(re.findall(r"(\w+)=(\S*)", self.said("scontrol", "show", "job", "--oneliner", job)))

    def jobs(self, job):
        """The same of each task of an array."""
        return [dict(re.findall(r"(\w+)=(\S*)", line))
                for line in self.said("scontrol", "show", "job", "--oneliner", job).splitlines() if line.strip()]

    def wait(self, job, seconds=60):
        """The job, or all tasks of the array, when they have ended."""
        def ended():
            tasks = self.jobs(job)
            return tasks if tasks and all(task.get("JobState") in ENDED for task in tasks) else None
        return until(ended, seconds, f"job {job} ends: {self.jobs(job)}")
