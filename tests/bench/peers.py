# SPDX-License-Identifier: Apache-2.0
"""What Patchferry is measured against: backup tools, long-window zstd, openssl, rsync and tar, bzip2.

Backup tools are given the compression that makes their repositories small (restic max, borg zstd,9, casync as it comes: zstd),
except where borg's first backup is timed: that is its default, lz4, the quickest.
"""
import os
import re
import shutil

from measure import Run, bytes_in, remove, run

PACKAGES = {'restic': 'restic', 'borg': 'borgbackup', 'casync': 'casync', 'zstd': 'zstd', 'openssl': 'openssl', 'bzip2': 'bzip2',
            'rsync': 'rsync', 'tar': 'tar', 'taskset': 'util-linux', 'cmp': 'diffutils', 'sync': 'coreutils'}
BACKUP_TOOLS = ('restic', 'borg', 'casync')
LARGEST_PREFIX = (1 << 31) - (64 << 20)  # zstd's window ends at 2 GiB, and --patch-from needs the prefix in it


def missing_packages():
    return sorted({package for tool, package in PACKAGES.items() if shutil.which(tool) is None})


def versions():
    """{tool: version}, as far as the tools tell."""
    asked = {'restic': ['restic', 'version'], 'borg': ['borg', '--version'], 'casync': ['casync', '--version'], 'zstd': ['zstd', '--version'],
             'openssl': ['openssl', 'version'], 'rsync': ['rsync', '--version']}
    found = {}
    for tool, command in asked.items():
        output = run(command).output
        number = re.search(r'\d+(\.\d+)+', output) or re.search(r'\d+', output)
        found[tool] = number[0] if number else '?'
    return found


class Backup:
    """A repository of one backup tool in a folder of its own."""

    def __init__(self, tool, folder, borg_compression='zstd,9'):
        self.tool, self.folder, self.borg_compression = tool, folder, borg_compression
        self.repository = os.path.join(folder, 'repository')
        self.count = 0
        os.makedirs(folder)
        # Nothing is kept outside the folder, and nothing is asked.
        self.env = {'HOME': folder, 'RESTIC_PASSWORD': 'bench', 'BORG_BASE_DIR': folder, 'BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK': 'yes'}
        if tool == 'restic':
            self._run('restic', '--no-cache', '--quiet', '--repo', self.repository, 'init')
        elif tool == 'borg':
            self._run('borg', 'init', '--encryption', 'none', self.repository)
        else:
            os.makedirs(self.repository)

    def _run(self, *command):
        return run(command, env=self.env)

    def add(self, tree):
        """Backs up a folder; returns what that took."""
        self.count += 1
        if self.tool == 'restic':
            return self._run('restic', '--no-cache', '--quiet', '--compression', 'max', '--repo', self.repository, 'backup', tree)
        if self.tool == 'borg':
            return self._run('borg', 'create', '--compression', self.borg_compression, f'{self.repository}::{self.count}', tree)
        return self._run('casync', 'make', '--store', f'{self.repository}/store.castr', f'{self.repository}/{self.count}.caidx', tree)

    def bytes(self):
        return bytes_in(self.repository)


def folder_of(paths, folder):
    """A folder of copies of files or trees, so that a backup tool sees one tree."""
    os.makedirs(folder)
    run(['cp', '-a', '-H', *paths, folder])  # -H: an archive of the corpus may be a link, those inside contents stay links
    return folder


def backup_sizes(tool, trees, folder):
    """Bytes of a repository after the backup of each tree, one after another."""
    repository = Backup(tool, folder)
    sizes = []
    for tree in trees:
        repository.add(tree)
        sizes.append(repository.bytes())
    remove(folder)
    return sizes


def first_borg_backup(tree, folder):
    repository = Backup('borg', folder, borg_compression='lz4')
    taken = repository.add(tree)
    remove(folder)
    return taken


def zstd_bytes(tar, level, to, prefix=None):
    """Bytes of a tar in one zstd frame with a window of 2 GiB; with `prefix`, against a file that the other side has."""
    command = ['zstd', '-q', '-T1', f'-{level}', '--long=31']
    if prefix:
        command.append(f'--patch-from={prefix}')
    run([*command, '-c', tar], to=to)
    size = os.path.getsize(to)
    os.remove(to)
    return size


def unpack(archives):
    """bzip2 -dc of each archive, one after another, to nowhere."""
    return sum((run(['bzip2', '-dc', a], to=os.devnull, one_core=True) for a in archives), Run(0, 0, 0))


def compress(tars, folder):
    """bzip2 -9 of each tar, one after another on one core, each to a file."""
    os.makedirs(folder)
    taken = sum((run(['bzip2', '-9', '-c', t], to=os.path.join(folder, os.path.basename(t) + '.bz2'), one_core=True) for t in tars), Run(0, 0, 0))
    remove(folder)
    return taken


def copy_and_extract(archives, folder):
    """rsync of the archives into a folder, tar xjf of each. Returns (that, that and making it durable)."""
    arch, resources = os.path.join(folder, 'arch'), os.path.join(folder, 'resources')
    os.makedirs(arch)
    os.makedirs(resources)
    taken = run(['rsync', '-a', *archives, arch + '/'])
    for archive in archives:
        taken += run(['tar', 'xjf', os.path.join(arch, os.path.basename(archive)), '-C', resources])
    durable = taken + run(['sync', '-f', folder])
    remove(folder)
    return taken, durable


def hash_volumes(volumes, one_core=True):
    return run(['openssl', 'dgst', '-sha256', *volumes], one_core=one_core)
