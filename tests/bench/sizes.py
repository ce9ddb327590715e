# SPDX-License-Identifier: Apache-2.0
"""How large a bundle is: everything, what a site with two thirds lacks, and a release that brings nothing new."""
import concurrent.futures
import os
import shutil

import peers
from measure import bytes_in, cores, remove, say
from ours import compare

# "A few kB": names, hashes, signatures and the recipe of one archive.
NOTHING_NEW_LIMIT = 8000


def in_parallel(jobs):
    """{name: result} of several functions, as many at once as there are cores: sizes do not depend on the time they take."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=cores()) as pool:
        waiting = {name: pool.submit(job) for name, job in jobs.items()}
        return {name: w.result() for name, w in waiting.items()}


def called(effort):
    return f'at {effort}' if effort else 'as this build makes it'


def full(corpus, program, table, quick):
    section = f'Full bundle: size, {len(corpus.archives)} archives'
    at = corpus.at
    say('sizes: the peers, everything')
    archives = peers.folder_of(corpus.archives, at('archives'))
    contents = at('contents')
    whole = corpus.concatenated(corpus.archives)
    jobs = {} if quick else {'zstd -19 --long=31 of the tars': lambda: peers.zstd_bytes(whole, 19, at('z19'))}
    jobs['zstd -9 --long=31 of the tars'] = lambda: peers.zstd_bytes(whole, 9, at('z9'))
    for tool in peers.BACKUP_TOOLS:
        jobs[f'{tool} of the archives'] = lambda tool=tool: peers.backup_sizes(tool, [archives], at(f'{tool}-archives'))[0]
        jobs[f'{tool} of the contents'] = lambda tool=tool: peers.backup_sizes(tool, [contents], at(f'{tool}-contents'))[0]
    found = in_parallel(jobs)
    remove(archives)
    backups = {name: size for name, size in found.items() if name.split()[0] in peers.BACKUP_TOOLS}
    best = min(backups, key=backups.get)

    say('sizes: our bundles, everything')
    store, bundles = at('sizes-store'), {}
    program.add(store, corpus.archives)
    for effort in program.efforts:
        if quick and effort == 'max':
            continue
        taken, bundle = program.export(store, at(f'sizes-medium-{effort}'), effort)
        table.peak('export', 'ours', taken)
        bundles[effort] = bytes_in(bundle)
        # The strongest one costs the site the most memory; each has to come back byte for byte.
        base = at('sizes-base')
        program.init(base)
        table.peak('import', 'ours', program.bring_in(base, bundle))
        compare(base, corpus.archives)
        remove(base)
        remove(at(f'sizes-medium-{effort}'))
    remove(store)

    for effort, size in bundles.items():
        table.row(section, f'bundle {called(effort)} : raw archives', size, corpus.bytes, sense='peer/ours')
    default = bundles[program.default]
    for name in sorted(backups):
        table.row(section, f'bundle {called(program.default)} : {name}', default, backups[name], sense='peer/ours')
    enough = len(corpus.archives) >= 16
    table.row(section, f'bundle {called(program.default)} : the best of these ({best})', default, backups[best], sense='peer/ours',
              target=('≥', 5) if enough and program.has_effort else None)
    if not enough:
        table.remark('The target against restic, borg and casync holds for 16 releases or more; there are fewer here.')
    table.row(section, f'bundle {called(program.default)} : zstd -9 --long=31 of the tars', default, found['zstd -9 --long=31 of the tars'],
              target=('≤', 1.1) if program.has_effort else None)
    if 'max' in bundles:
        table.row(section, 'bundle at max : zstd -19 --long=31 of the tars', bundles['max'], found['zstd -19 --long=31 of the tars'], target=('≤', 1.05))
    elif not quick:
        table.row(section, f'bundle {called(program.default)} : zstd -19 --long=31 of the tars', default, found['zstd -19 --long=31 of the tars'])


def incremental(corpus, program, table, quick):
    first, last = corpus.thirds()
    section = f'Incremental bundle: size, {len(first)} archives at the site, {len(last)} shipped'
    at = corpus.at
    raw = sum(map(os.path.getsize, last))
    say('sizes: the peers, what two thirds lack')
    # The first two thirds on their own, then all: what the repository grows by.
    trees = {'archives': [peers.folder_of(first, at('first-archives')), peers.folder_of(corpus.archives, at('all-archives'))],
             'contents': [peers.folder_of([corpus.contents(a) for a in first], at('first-contents')), at('contents')]}
    jobs = {}
    old, new = corpus.concatenated(first), corpus.concatenated(last)
    if os.path.getsize(old) + os.path.getsize(new) <= peers.LARGEST_PREFIX:
        for level in (9,) if quick else (19, 9):
            jobs[f'zstd -{level} --patch-from'] = lambda level=level: peers.zstd_bytes(new, level, at(f'patch-{level}'), prefix=old)
    else:
        table.remark('zstd --patch-from is left out: the tars are larger than its window.')
    for tool in peers.BACKUP_TOOLS:
        for what, both in trees.items():
            def growth(tool=tool, what=what, both=both):
                before, after = peers.backup_sizes(tool, both, at(f'{tool}-growth-{what}'))
                return after - before
            jobs[f'{tool}, growth of the {what}'] = growth
    found = in_parallel(jobs)
    for tree in (*trees['archives'], trees['contents'][0]):
        remove(tree)

    say('sizes: our bundles, what two thirds lack')
    store, medium, base, receipt = at('inc-store'), at('inc-medium'), at('inc-base'), at('inc-receipt')
    program.add(store, first)
    program.init(base)
    _, bundle = program.export(store, medium, program.default)
    program.bring_in(base, bundle)
    program.receipt(base, receipt)
    program.add(store, last)
    sizes = {}
    # Default comes last, and is what the site takes.
    for effort in sorted((e for e in program.efforts if not (quick and e == 'max')), key=lambda e: e == program.default):
        taken, bundle = program.export(store, medium, effort, receipt)
        table.peak('export', 'ours', taken)
        sizes[effort] = bytes_in(bundle)
        if effort == 'max':
            copy = at('inc-base-max')
            shutil.copytree(base, copy, symlinks=True)
            table.peak('import', 'ours', program.bring_in(copy, bundle))
            compare(copy, corpus.archives)
            remove(copy)
    table.peak('import', 'ours', program.bring_in(base, bundle))
    compare(base, corpus.archives)

    for effort in program.efforts:
        if effort in sizes:
            table.row(section, f'bundle {called(effort)} : raw archives', sizes[effort], raw, sense='peer/ours',
                      target={'default': ('≥', 12), 'max': ('≥', 18)}.get(effort))
    for name in sorted(found):
        effort = 'max' if '-19' in name and 'max' in sizes else program.default
        table.row(section, f'bundle {called(effort)} : {name}', sizes[effort], found[name], sense='peer/ours')

    say('sizes: a release in which nothing is new')
    program.receipt(base, receipt)
    again = corpus.nothing_new(last[-1], at('nothing-new'))
    program.add(store, [again])
    _, bundle = program.export(store, medium, program.default, receipt)
    size = bytes_in(bundle)
    program.bring_in(base, bundle)
    compare(base, [again])
    table.row(section, 'a release with the contents of the last one : its archive', size, os.path.getsize(again), sense='peer/ours')
    if program.has_effort:
        table.row(section, 'the same, its bytes ("a few kB")', size, sense='ours', target=('≤', NOTHING_NEW_LIMIT))
    for folder in (store, medium, base, at('nothing-new')):
        remove(folder)
