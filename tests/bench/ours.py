# SPDX-License-Identifier: Apache-2.0
"""The steps of Patchferry that are measured, typed as a person would type them.

Options that a build does not have yet (--effort, --archives, the command `archives`) are noticed by --help: the table then leaves
out the rows that need them.
"""
import glob
import json
import os
import subprocess

from measure import Failed, remove, run

SITE = 'bench'
NOTHING_TO_DO = 4


class Patchferry:
    def __init__(self, programs, work):
        self.program = os.path.join(os.path.abspath(programs), 'patchferry')
        if not os.access(self.program, os.X_OK):
            raise Failed(f'there is no {self.program}: build the release preset first, or give --bin')
        self.work = work
        self.has_effort = '--effort' in self._help('export')
        self.has_archives_option = '--archives' in self._help('import')
        self.has_archives_command = subprocess.run([self.program, 'archives', '--help'], capture_output=True).returncode == 0
        self.key = os.path.join(work, 'bench-key')
        self.type('keygen', '--out', self.key, '--no-password')

    def _help(self, command):
        return subprocess.run([self.program, command, '--help'], capture_output=True, text=True, check=True).stdout

    @property
    def efforts(self):
        """The efforts there are; [None] of a build that has no such option."""
        return ['fast', 'default', 'max'] if self.has_effort else [None]

    @property
    def default(self):
        return 'default' if self.has_effort else None

    @property
    def deploys_first(self):
        return self.has_archives_option and self.has_archives_command

    def version(self):
        return run([self.program, '--version']).output.strip()

    def type(self, *arguments, expect=0, one_core=False):
        return run([self.program, *arguments, '--quiet'], expect=expect, one_core=one_core)

    def start_only(self):
        """What it takes to start the program and do nothing."""
        return run([self.program, '--version'], one_core=True)

    def add(self, store, archives):
        return self.type('mirror', 'add', '--store', store, *archives)

    def export(self, store, to, effort=None, receipt=None):
        """Returns (what it took, the bundle's folder)."""
        taken = self.type('export', '--store', store, '--to', to, '--site', SITE, '--sign', self.key + '.key', '--json',
                          *(['--receipt', receipt] if receipt else ['--full']), *(['--effort', effort] if effort else []))
        path = json.loads(taken.output)['path']
        return taken, path if os.path.isabs(path) else os.path.join(to, os.path.basename(path))

    def init(self, base):
        return self.type('init', '--base', base, '--site', SITE, '--trust', self.key + '.pub')

    def bring_in(self, base, bundle, archives=None, expect=0):
        return self.type('import', '--base', base, bundle, *(['--archives', archives] if archives else []), expect=expect)

    def rebuild(self, base):
        return self.type('archives', '--base', base)

    def verify(self, bundle, one_core=True):
        return self.type('verify', bundle, '--trust', self.key + '.pub', one_core=one_core)

    def inspect(self, bundle):
        return run([self.program, 'inspect', bundle])

    def receipt(self, base, out):
        return self.type('receipt', '--base', base, '--out', out)


def volumes(bundle):
    return sorted(glob.glob(os.path.join(bundle, '*.pfv')))


def compare(base, archives):
    """Every archive has to come back byte for byte, or no number counts."""
    for archive in archives:
        run(['cmp', archive, os.path.join(base, 'arch', os.path.basename(archive))])


def walk(program, archives, folder, effort):
    """One release after another, from `mirror add` to the archives in `arch/`. Returns {step: Run} and removes everything.

    'import' is until the feeds are served: of a build that cannot put off `arch/`, the archives are in it.
    """
    at = lambda name: os.path.join(folder, name)
    os.makedirs(folder)
    steps = {}
    os.sync()
    steps['add'] = program.add(at('store'), archives)
    os.sync()
    steps['export'], bundle = program.export(at('store'), at('medium'), program.default)
    program.init(at('base'))
    program.verify(bundle)
    steps['verify'] = min((program.verify(bundle) for _ in range(5)), key=lambda r: r.wall)
    os.sync()
    steps['import'] = program.bring_in(at('base'), bundle, 'later' if program.deploys_first else None)
    os.sync()
    if program.deploys_first:
        steps['archives'] = program.rebuild(at('base'))
    compare(at('base'), archives)
    steps['again'] = program.bring_in(at('base'), bundle, expect=NOTHING_TO_DO)
    steps['inspect'] = program.inspect(bundle)
    remove(folder)
    return steps
