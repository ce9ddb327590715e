# SPDX-License-Identifier: Apache-2.0
"""How long each step takes beside what it replaces, run by turns; and how the steps grow with the data."""
import math
import os

import ours
import peers
from corpus import incompressible
from measure import Series, cores, remove, run, say, settle, warm

# A bundle of random bytes shows what verifying costs when reading dominates, not starting the program.
LARGE_MEGABYTES = 100


class Rounds:
    """Each round runs every step of ours and of the peers once; the median of the rounds counts."""

    def __init__(self, corpus, program, table):
        self.corpus, self.program, self.table = corpus, program, table
        self.steps = {}  # {(number of archives, step): Series}
        self.peers = {}  # {step: Series}

    def _note(self, series, key, taken):
        series.setdefault(key, Series()).add(taken)
        return taken

    def walk(self, count):
        for step, taken in ours.walk(self.program, self.corpus.archives[:count], self.corpus.at('walk'), self.program.default).items():
            self._note(self.steps, (count, step), taken)
            # Verify is bound to one core, but memory does not depend on that.
            self.table.peak(step, 'ours', taken)

    def walk_peers(self):
        at, archives = self.corpus.at, self.corpus.archives
        tars = [self.corpus.tar(a) for a in archives]
        settle()
        self._note(self.peers, 'unpack', peers.unpack(archives))
        settle()
        self.table.peak('archives', 'peer', self._note(self.peers, 'compress', peers.compress(tars, at('compressed'))))
        settle()
        self.table.peak('export', 'peer', self._note(self.peers, 'backup', peers.first_borg_backup(at('contents'), at('borg-timed'))))
        settle()
        plain, durable = peers.copy_and_extract(archives, at('plain'))
        self.table.peak('import', 'peer', self._note(self.peers, 'copy', plain))
        self._note(self.peers, 'copy, durable', durable)

    def ours(self, step):
        return self.steps[(len(self.corpus.archives), step)]


def by_turns(a, b, times):
    """Runs two functions by turns, so that whatever else the machine does meets both; returns their Series."""
    of_a, of_b = Series(), Series()
    for _ in range(times):
        of_a.add(a())
        of_b.add(b())
    return of_a, of_b


def verify(rounds, what, archives, repeat):
    """Verify against openssl over the same volumes, both on one core, everything in the page cache."""
    corpus, program, table = rounds.corpus, rounds.program, rounds.table
    store, medium = corpus.at('verify-store'), corpus.at('verify-medium')
    program.add(store, archives)
    _, bundle = program.export(store, medium, program.default)
    settle()
    warm(ours.volumes(bundle))
    mine, theirs = by_turns(lambda: program.verify(bundle), lambda: peers.hash_volumes(ours.volumes(bundle)), repeat)
    start = by_turns(program.start_only, program.start_only, 3)[0]
    table.row('Time', f'verify, {what} : openssl dgst -sha256 of the volumes, one core', mine.wall, theirs.wall, 'seconds', 'peer/ours', ('≥', 0.85))
    table.remark(f'verify, {what}: of {mine.wall * 1e3:.1f} ms, starting the program takes {start.wall * 1e3:.1f} ms.')
    for run_ in mine.runs:
        table.peak('verify', 'ours', run_)
    for run_ in theirs.runs:
        table.peak('verify', 'peer', run_)
    remove(store)
    remove(medium)


def two_at_once(corpus):
    """How much quicker this machine is with all cores: bzip2 -9 of one tar, against one per core at the same time."""
    tar = max(map(corpus.tar, corpus.archives), key=os.path.getsize)
    single = run(['bzip2', '-9', '-c', tar], to=os.devnull, one_core=True)
    together = run(['sh', '-c', f'for i in $(seq {cores()}); do bzip2 -9 -c "$0" >/dev/null & done; wait', tar])
    return cores() * single.wall / together.wall, together.cpu / cores() / single.cpu


def compared(rounds):
    table, program, section = rounds.table, rounds.program, 'Time'
    unpack, compress, backup = rounds.peers['unpack'], rounds.peers['compress'], rounds.peers['backup']
    add, export, into = rounds.ours('add'), rounds.ours('export'), rounds.ours('import')
    together = add.wall + export.wall
    allowed = (unpack.wall + compress.wall) / cores() + backup.wall
    table.row(section, f'mirror add : bzip2 -dc and bzip2 -9, divided by {cores()} cores', add.wall, (unpack.wall + compress.wall) / cores(), 'seconds')
    table.row(section, "export : borg's first backup of the contents", export.wall, backup.wall, 'seconds')
    table.row(section, f"mirror add and export : (bzip2 -dc and bzip2 -9) / {cores()} cores + borg's first backup", together, allowed, 'seconds',
              target=('≤', 1.2) if program.has_effort else None)
    target = ('≥', 4) if program.deploys_first else None
    name = 'import until servable' if program.deploys_first else 'import, arch/ included'
    table.row(section, f'{name} : rsync, tar xjf of each', into.wall, rounds.peers['copy'].wall, 'seconds', 'peer/ours', target)
    table.row(section, f'{name} : rsync, tar xjf of each, sync -f', into.wall, rounds.peers['copy, durable'].wall, 'seconds', 'peer/ours')
    # Dominated by reading the manifest: no more than as much again.
    table.row(section, 're-import (exit 4) : inspect of the bundle', rounds.ours('again').wall, rounds.ours('inspect').wall, 'seconds', 'ours/peer', ('≤', 2))
    table.row(section, 're-import (exit 4) : import', rounds.ours('again').wall, into.wall, 'seconds')
    if program.deploys_first:
        rebuild = rounds.ours('archives')
        table.row(section, 'rebuilding arch/ : bzip2 -9 of the tars on one core', rebuild.wall, compress.wall, 'seconds', 'peer/ours',
                  ('≥', 1.7) if cores() >= 2 else None)
        table.row(section, 'the same, CPU', rebuild.cpu, compress.cpu, 'cpu seconds', 'ours/peer', ('≤', 1.05))
        quicker, dearer = two_at_once(rounds.corpus)
        table.remark(f'This machine does {quicker:.2f} times as much bzip2 -9 with {cores()} at once as with one, at {dearer:.2f} times the CPU time each: '
                     'rebuilding arch/ cannot do better.')


def grown(rounds, counts):
    """What twice the data costs, from a quarter of the archives to a half and to all."""
    table, archives = rounds.table, rounds.corpus.archives
    size = {n: sum(map(os.path.getsize, archives[:n])) for n in counts}
    names = {'add': 'mirror add', 'export': 'export', 'verify': 'verify',
             'import': 'import until servable' if rounds.program.deploys_first else 'import', 'archives': 'rebuilding arch/'}
    for step, name in names.items():
        for a, b in zip(counts, counts[1:]):
            if (a, step) not in rounds.steps:
                continue
            before, after = rounds.steps[(a, step)].wall, rounds.steps[(b, step)].wall
            doubling = 2 ** (math.log(after / before) / math.log(size[b] / size[a]))
            table.rows.append({'section': 'Growth: time for twice the bytes', 'what': f'{name}, {a} to {b} archives ({size[b] / size[a]:.2f} × the bytes)',
                               'unit': 'seconds', 'ours': after, 'peer': before, 'sense': 'per doubling', 'ratio': doubling, 'target': ['≤', 2.2],
                               'met': doubling <= 2.2})
    table.remark('Growth: "ours" is the larger run, "peer" the smaller one; the ratio is brought to exactly twice the bytes of archives.')


def measure(corpus, program, table, repeat, sections, quick):
    rounds = Rounds(corpus, program, table)
    total = len(corpus.archives)
    counts = [total // 4, total // 2, total] if 'growth' in sections and total >= 4 else [total]
    for number in range(repeat):
        say(f'times: round {number + 1} of {repeat}')
        turns = [lambda count=count: rounds.walk(count) for count in counts]
        if 'times' in sections:
            turns.append(rounds.walk_peers)
        for turn in turns if number % 2 == 0 else reversed(turns):
            turn()
    if 'times' in sections:
        compared(rounds)
        say('times: verify')
        verify(rounds, 'this corpus', corpus.archives, 5 if quick else 15)
        if not quick:
            verify(rounds, f'{LARGE_MEGABYTES} MB of random bytes', [incompressible(corpus.at('large'), LARGE_MEGABYTES)], 9)
    if len(counts) > 1:
        grown(rounds, counts)
