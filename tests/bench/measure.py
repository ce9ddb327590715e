# SPDX-License-Identifier: Apache-2.0
"""Runs one command and says what it took: wall clock, CPU of the command and all its children, peak memory.

CPU and peak come from wait4. A process started by Python inherits Python's own peak of some 15 MiB, so GNU time
(/usr/bin/time, package `time`) stands between where it is installed; without it the peak is never below that.
The peak is that of the largest single process, not of a sum.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

GNU_TIME = '/usr/bin/time'


class Failed(Exception):
    """A command ended with another exit code than it had to."""


@dataclass
class Run:
    wall: float
    cpu: float
    peak_kib: int
    output: str = ''

    def __add__(self, other):
        return Run(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_kib, other.peak_kib))


def cores():
    return len(os.sched_getaffinity(0))


def say(text):
    print(f'# {text}', file=sys.stderr, flush=True)


def run(command, expect=0, one_core=False, env=None, to=None, cwd=None):
    """Runs `command` (a list) and returns what it took. `to`: a file for its standard output, else it is kept in `output`."""
    command = [str(part) for part in command]
    pinned = ['taskset', '-c', str(min(os.sched_getaffinity(0)))] if one_core else []
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile('r') as peak:
        timed = [GNU_TIME, '-q', '-f', '%M', '-o', peak.name] if os.access(GNU_TIME, os.X_OK) else []
        sink = open(to, 'wb') if to else kept
        began = time.monotonic()
        process = subprocess.Popen(pinned + timed + command, stdin=subprocess.DEVNULL, stdout=sink, stderr=errors, cwd=cwd,
                                   env={**os.environ, **env} if env else None)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if to:
            sink.close()
        if process.returncode != expect:
            errors.seek(0)
            raise Failed(f'{" ".join(command)[:400]}: exit {process.returncode}, expected {expect}\n'
                         f'{errors.read().decode(errors="replace")[-2000:]}')
        kept.seek(0)
        # GNU time writes nothing if its command was killed, which is an error above.
        peak_kib = int(peak.read().split()[-1]) if timed else usage.ru_maxrss
        return Run(wall, usage.ru_utime + usage.ru_stime, peak_kib, kept.read().decode(errors='replace'))


def settle():
    """Writes out what earlier commands left behind, so that the next one does not pay for it."""
    os.sync()


class Series:
    """Several runs of the same thing: medians of the times, the largest peak."""

    def __init__(self):
        self.runs = []

    def add(self, run):
        self.runs.append(run)

    @property
    def wall(self):
        return statistics.median(r.wall for r in self.runs)

    @property
    def cpu(self):
        return statistics.median(r.cpu for r in self.runs)

    @property
    def peak_mib(self):
        return max(r.peak_kib for r in self.runs) / 1024

    def __len__(self):
        return len(self.runs)


def warm(paths):
    """Reads files once, so that they are in the page cache for whoever comes first."""
    for path in paths:
        with open(path, 'rb') as f:
            while f.read(1 << 20):
                pass


def bytes_in(path):
    """Bytes of a file, or of all files beneath a folder; folders themselves count nothing."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)


def remove(path):
    """Removes a folder, if it is there; programs make some of theirs read-only."""
    if os.path.isdir(path):
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o700)
        shutil.rmtree(path)
