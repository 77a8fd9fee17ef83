"""Shared by the timings of PyTorch and JAX on a CPU: the C library's memory, threads, and several processes at a
time."""

import multiprocessing
import os
import sys
import time


def keep_memory():
    """Restarts this program with a C library that keeps freed memory. By default glibc returns every large tensor to
    the kernel and gets it back page by page, which on some machines takes most of an ensemble's step."""
    wanted = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 26)}
    if any(name not in os.environ for name in wanted):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})


def limit_threads(threads):
    """Must be called before NumPy and PyTorch are loaded: BLAS libraries read these variables once."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[name] = str(threads)


def stay_on_cores(threads, process=0):
    """Restricts this process to `threads` cores, different ones for each process number. XLA starts one thread per
    allowed core, and has no other setting for all of them."""
    cores = sorted(os.sched_getaffinity(0))
    first = threads * process % len(cores)
    os.sched_setaffinity(0, cores[first : first + threads] or cores)


def worker(make_measured, process, seconds, pipe):
    """One of several processes: warms up, then runs steps as requested through the pipe."""
    measured = make_measured(process)
    pipe.send(measured.warm_up(seconds))
    while (steps := pipe.recv()) is not None:
        pipe.send(measured.run(steps))


def times_of_processes(processes, make_measured, seconds, repeats):
    """(steps, seconds of each repeat), by the wall time of all processes together. make_measured(process number),
    called in that process, returns an object with warm_up(seconds), which returns the number of steps that take about
    `seconds`, and run(steps). Seconds are those of the slowest process; each runs `steps` steps."""
    context = multiprocessing.get_context("spawn")
    pipes, started = [], []
    for process in range(processes):
        here, there = context.Pipe()
        started.append(context.Process(target=worker, args=(make_measured, process, seconds, there), daemon=True))
        started[-1].start()
        there.close()
        pipes.append(here)
    steps = min(pipe.recv() for pipe in pipes)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for pipe in pipes:
            pipe.send(steps)
        for pipe in pipes:
            pipe.recv()
        times.append(time.perf_counter() - begin)
    for pipe, process in zip(pipes, started):
        pipe.send(None)
        process.join()
    return steps, times
