# SPDX-License-Identifier: Apache-2.0
"""The archives that everything is measured on, and what the peers need of them: tars, contents, two thirds and a third."""
import glob
import os
import random
import re
import tarfile

from measure import Failed, run, say

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = re.compile(r'([A-Z])(\d{4})(\d{2})(\d{2})_(\d+)((?:-[a-z0-9]+)?)\.tar\.bz2')


def release_key(path):
    """Order of release: the date, then the number; the older form K04082020_1 has the year at its end."""
    name = os.path.basename(path)
    old = re.match(r'[A-Z]?(\d{2})(\d{2})((?:19|20)\d{2})_(\d+)', name)
    new = re.match(r'[A-Z]?((?:19|20)\d{2})(\d{2})(\d{2})_(\d+)', name)
    if new:
        return (int(new[1]), int(new[2]), int(new[3]), int(new[4]), name)
    return (int(old[3]), int(old[2]), int(old[1]), int(old[4]), name) if old else (0, 0, 0, 0, name)


class Corpus:
    def __init__(self, folder, work, limit=None):
        self.work = work
        if folder is None:
            folder = self.at('samples')
            say('no --corpus: samples are made by scripts/make-samples')
            run([os.path.join(ROOT, 'scripts/make-samples'), folder, '--kernels', 12, '--releases', 8, '--users', 3, '--kilobytes', 800])
        self.archives = sorted((os.path.abspath(p) for p in glob.glob(os.path.join(folder, '*.tar.bz2'))), key=release_key)[:limit]
        if len(self.archives) < 3:
            raise Failed(f'{folder}: at least 3 *.tar.bz2 are needed')
        self._concatenated = {}

    def at(self, name):
        return os.path.join(self.work, name)

    @property
    def bytes(self):
        return sum(map(os.path.getsize, self.archives))

    def unpack(self):
        """Makes a tar of each archive, and a folder of the contents of each."""
        os.makedirs(self.at('tars'))
        for archive in self.archives:
            run(['bzip2', '-dc', archive], to=self.tar(archive))
            os.makedirs(self.contents(archive))
            run(['tar', 'xf', self.tar(archive), '-C', self.contents(archive)])

    def tar(self, archive):
        return self.at('tars/' + os.path.basename(archive).removesuffix('.bz2'))

    def contents(self, archive):
        return self.at('contents/' + os.path.basename(archive).removesuffix('.tar.bz2'))

    def unpacked_bytes(self):
        return sum(os.path.getsize(self.tar(a)) for a in self.archives)

    def concatenated(self, archives):
        """One file: the tars of these archives, in order of release."""
        key = tuple(archives)
        if key not in self._concatenated:
            path = self.at(f'concatenated-{len(self._concatenated)}.tar')
            run(['cat', *map(self.tar, archives)], to=path)
            self._concatenated[key] = path
        return self._concatenated[key]

    def thirds(self):
        """(the first two thirds, the last third) by release, of each kind of patchset on its own (K, U, U…-qemu)."""
        kinds = {}
        for archive in self.archives:
            match = NAME.fullmatch(os.path.basename(archive))
            kinds.setdefault(match[1] + match[6] if match else os.path.basename(archive)[:1], []).append(archive)
        first, last = [], []
        for group in kinds.values():
            cut = (2 * len(group) + 2) // 3  # rounded up: a kind of one release is at the site
            first += group[:cut]
            last += group[cut:]
        return sorted(first, key=release_key), sorted(last, key=release_key)

    def nothing_new(self, archive, folder):
        """Writes an archive that holds what `archive` does, under the name and the date of a later release; returns its path."""
        match = NAME.fullmatch(os.path.basename(archive))
        if not match:
            raise Failed(f'{archive}: no name that a later one can be made of')
        old, new = os.path.basename(archive).removesuffix('.tar.bz2'), f'{match[1]}{int(match[2]) + 1}{match[3]}{match[4]}_{match[5]}{match[6]}'
        os.makedirs(folder)
        path = os.path.join(folder, new + '.tar')
        with tarfile.open(self.tar(archive)) as source, tarfile.open(path, 'w', format=source.format) as target:
            for member in source:
                content = source.extractfile(member) if member.isreg() else None
                top, slash, rest = member.name.partition('/')
                member.name = new + slash + rest if top == old else member.name
                member.mtime += 9 * 86400
                target.addfile(member, content)
        run(['bzip2', '-9', path])
        return path + '.bz2'


def incompressible(folder, megabytes):
    """An archive of random bytes, for a bundle that is large although nothing in the corpus is; returns its path."""
    name, ident, noise = 'K20200101_01', 'ab' * 20, random.Random(1)
    level = os.path.join(folder, name, ident, '1')
    os.makedirs(level)
    with open(os.path.join(level, 'kpatch.bin'), 'wb') as f:
        for _ in range(megabytes):
            f.write(noise.randbytes(1_000_000))
    path = os.path.join(folder, name + '.tar.bz2')
    run(['tar', 'cjf', path, '-C', folder, name])
    return path
