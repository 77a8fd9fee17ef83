#!/usr/bin/python3
"""no_maps.py PROGRAM: stores on a file system that refuses shared memory maps, as some file systems of clusters do.

There a sweep is trained, killed and trained on, in shards, merged, read while it is written, and handed over; what comes out
equals a store on an ordinary disk. The file system is a folder seen through FUSE. Exit code 77 where that cannot be: no
/dev/fuse, no fusepy (Debian: python3-fusepy), no right to mount."""

import contextlib
import mmap
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

try:
    import fusepy
except ImportError:
    fusepy = None

SWEEP = """name = "mapless"
[task]
inputs = 2
train_samples = 40
test_samples = 40
[network]
hidden = [8]
[noise]
strength = 0.1
[training]
batch_size = 5
[measure]
every_steps = 10000
[axes]
"training.steps" = [1000, 40000, 200000]
"training.seed" = { range = [0, 5] }
"""
STATUS = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
SPACE = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize", "f_namemax")
TRAIN = ("--engine", "cpu", "--threads", "1", "--quiet", "--checkpoint-seconds", "0.05")


def passthrough(under):
    """The folder `under`, opened with direct_io: the kernel then refuses shared maps of its files."""

    class Folder(fusepy.Operations):
        def __call__(self, name, *arguments):
            try:
                return super().__call__(name, *arguments)
            except OSError as error:
                raise fusepy.FuseOSError(error.errno) from error

        def getattr(self, path, fh=None):
            status = os.lstat(under + path)
            return {name: getattr(status, name) for name in STATUS}

        def statfs(self, path):
            space = os.statvfs(under + path)
            return {name: getattr(space, name) for name in SPACE}

        def open(self, path, info):
            info.fh = os.open(under + path, info.flags & ~os.O_DIRECT)
            info.direct_io = 1
            return 0

        def create(self, path, mode, info):
            info.fh = os.open(under + path, os.O_RDWR | os.O_CREAT, mode)
            info.direct_io = 1
            return 0

        def truncate(self, path, length, fh=None):
            os.truncate(under + path, length)

        def utimens(self, path, times=None):
            os.utime(under + path, times)

        def fsync(self, path, datasync, info):
            os.fsync(info.fh)
            return 0

        def release(self, path, info):
            os.close(info.fh)
            return 0

        readdir = staticmethod(lambda path, fh: [".", "..", *os.listdir(under + path)])
        read = staticmethod(lambda path, size, offset, info: os.pread(info.fh, size, offset))
        write = staticmethod(lambda path, data, offset, info: os.pwrite(info.fh, data, offset))
        link = staticmethod(lambda target, source: os.link(under + source, under + target))
        rename = staticmethod(lambda old, new: os.rename(under + old, under + new))
        unlink = staticmethod(lambda path: os.unlink(under + path))
        mkdir = staticmethod(lambda path, mode: os.mkdir(under + path, mode))
        chmod = staticmethod(lambda path, mode: os.chmod(under + path, mode))
        access = staticmethod(lambda path, mode: 0)
        flush = staticmethod(lambda path, info: 0)

    return Folder()


def serve(under, mount):
    fusepy.FUSE(passthrough(under), mount, foreground=True, raw_fi=True, nothreads=True)


@contextlib.contextmanager
def mounted(folder):
    """The file system, in a folder."""
    under, mount = folder / "under", folder / "mount"
    under.mkdir()
    mount.mkdir()
    server = subprocess.Popen([sys.executable, __file__, "--serve", under, mount], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + 10
        while not os.path.ismount(mount):
            if server.poll() is not None or time.monotonic() > end:
                raise PermissionError("a file system cannot be mounted here")
            time.sleep(0.05)
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], stderr=subprocess.DEVNULL, check=False)
        server.terminate()
        server.communicate()


def refuses_maps(mount):
    """Whether the file system is one of those that are meant."""
    (mount / "map").write_bytes(bytes(4096))
    with open(mount / "map", "r+b") as file:
        try:
            mmap.mmap(file.fileno(), 4096, mmap.MAP_SHARED).close()
            return False
        except OSError:
            return True
        finally:
            os.unlink(mount / "map")


class Check:
    def __init__(self, program, folder, mount):
        self.program, self.folder, self.mount = program, folder, mount
        self.environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder)}
        (folder / "mapless.toml").write_text(SWEEP)

    def run(self, *command, codes=(0,)):
        done = subprocess.run([self.program, *map(str, command)], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode not in codes:
            sys.exit(f"modsweep {' '.join(map(str, command))}: exit code {done.returncode}: {done.stderr}")
        return done.stdout

    def tables(self, *stores):
        columns = ("seconds", "engine", "device", "created")
        found = []
        for table in ("results", "history", "spectra"):
            lines = [line.split(",") for line in self.run("export", *stores, "--table", table).splitlines()]
            kept = [i for i, name in enumerate(lines[0]) if name not in columns]
            found.append(sorted(tuple(line[i] for i in kept if i < len(line)) for line in lines))
        return found

    def equal(self, what, *stores):
        if self.tables(*stores) != self.wanted:
            sys.exit(f"{what}: the results are not those of a store on an ordinary disk")

    def killed_and_read(self):
        """A run that is killed three times, while another program reads its store."""
        store = self.mount / "killed.db"
        command = [self.program, "run", "mapless.toml", *TRAIN, "-o", str(store)]
        for _ in range(3):
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL)
            time.sleep(0.4)
            if store.exists():
                self.run("status", store)
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.run("run", "mapless.toml", *TRAIN, "-o", store)
        self.equal("killed three times", store)

    def all(self):
        self.run("run", "mapless.toml", *TRAIN, "-o", "ordinary.db")
        self.wanted = self.tables("ordinary.db")
        self.killed_and_read()
        for shard in (1, 2):
            self.run("run", "mapless.toml", *TRAIN, "--shard", f"{shard}/2", "-o", self.mount / f"shard{shard}.db")
        self.run("merge", self.mount / "merged.db", self.mount / "shard1.db", self.mount / "shard2.db")
        self.equal("merged", self.mount / "merged.db")
        (self.mount / "results").mkdir()
        self.run("run", "mapless.toml", *TRAIN, "--deliver", self.mount / "results")
        self.equal("handed over", self.mount / "results")
        left = sorted(set(os.listdir(self.mount)) - {"killed.db", "shard1.db", "shard2.db", "merged.db", "results"})
        if left:
            sys.exit(f"left behind: {', '.join(left)}")


def main():
    if sys.argv[1] == "--serve":
        return serve(*sys.argv[2:])
    if fusepy is None or not os.path.exists("/dev/fuse"):
        print("SKIPPED: no /dev/fuse, or no python3-fusepy")
        return 77
    with tempfile.TemporaryDirectory(prefix="modsweep-no-maps-") as name:
        folder = pathlib.Path(name)
        try:
            with mounted(folder) as mount:
                if not refuses_maps(mount):
                    sys.exit("the file system for this test does map files")
                Check(pathlib.Path(sys.argv[1]).resolve(), folder, mount).all()
        except PermissionError as error:
            print(f"SKIPPED: {error}")
            return 77
    print("no_maps.py: trained, killed, merged, handed over without shared maps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
