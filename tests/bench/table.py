# SPDX-License-Identifier: Apache-2.0
"""The table: one row a ratio, with its target and whether it is met; as Markdown and as JSON."""
import json

HEAD = ('what', 'ours', 'peer', 'ratio', 'target', 'met?')


def megabytes(n):
    return f'{n / 1e6:.2f} MB' if n >= 1e5 else f'{n / 1e3:.1f} kB'


def seconds(s):
    return f'{s:.2f} s' if s >= 1 else f'{s * 1e3:.1f} ms'


def mebibytes(m):
    return f'{m:.0f} MiB'


SHOWN = {'bytes': megabytes, 'seconds': seconds, 'cpu seconds': seconds, 'MiB': mebibytes, '×': lambda x: f'{x:.2f}'}


class Table:
    def __init__(self):
        self.rows, self.remarks, self.peaks = [], [], {}

    def remark(self, text):
        if text not in self.remarks:
            self.remarks.append(text)

    def row(self, section, what, ours, peer=None, unit='bytes', sense='ours/peer', target=None):
        """`sense`: 'ours/peer' or 'peer/ours', what the ratio is; 'ours' if the target is a limit of our own figure.
        `target`: ('≤' or '≥', number) or None for a row that only informs."""
        value = {'ours/peer': lambda: ours / peer, 'peer/ours': lambda: peer / ours, 'ours': lambda: ours}[sense]()
        met = None
        if target:
            met = value <= target[1] if target[0] == '≤' else value >= target[1]
        self.rows.append({'section': section, 'what': what, 'unit': unit, 'ours': ours, 'peer': peer, 'sense': sense,
                          'ratio': None if sense == 'ours' else value, 'target': list(target) if target else None, 'met': met})

    def peak(self, step, whose, run):
        """Notes the peak memory of a run; the largest of each step becomes a row."""
        of_step = self.peaks.setdefault(step, {})
        of_step[whose] = max(of_step.get(whose, 0), run.peak_kib / 1024)

    def memory_rows(self, limits):
        for step, (what, target) in limits.items():
            found = self.peaks.get(step, {})
            if 'ours' in found:
                self.row('Peak memory', what, found['ours'], found.get('peer'), 'MiB', 'ours', target)

    def _cells(self, row):
        shown = SHOWN[row['unit']]
        target = '–'
        if row['target']:
            limit = row['target'][1]
            number = shown(limit) if row['sense'] == 'ours' and row['unit'] != '×' else f'{limit:g}'
            target = f"{row['sense']} {row['target'][0]} {number}"
        ratio = '–' if row['ratio'] is None else f"{row['ratio']:.2f}"
        if row['ratio'] is not None and not row['target']:
            ratio += f" ({row['sense']})"
        return (row['what'], shown(row['ours']), '–' if row['peer'] is None else shown(row['peer']), ratio, target,
                {True: 'yes', False: 'NO', None: '–'}[row['met']])

    def markdown(self, context):
        lines = [f'{context["line"]}', '']
        for section in dict.fromkeys(r['section'] for r in self.rows):
            cells = [HEAD] + [self._cells(r) for r in self.rows if r['section'] == section]
            width = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
            line = lambda row: '| ' + ' | '.join(c.ljust(w) if i in (0, 4) else c.rjust(w) for i, (c, w) in enumerate(zip(row, width))) + ' |'
            lines += [f'### {section}', '', line(HEAD), '|' + '|'.join('-' * (w + 1) + ('-' if i in (0, 4) else ':') for i, w in enumerate(width)) + '|']
            lines += [line(row) for row in cells[1:]] + ['']
        judged = [r for r in self.rows if r['met'] is not None]
        lines.append(f'{sum(r["met"] for r in judged)} of {len(judged)} targets met.')
        lines += [f'- {text}' for text in self.remarks]
        return '\n'.join(lines)

    def json(self, context):
        return json.dumps({**context, 'rows': self.rows, 'remarks': self.remarks}, indent=1, ensure_ascii=False) + '\n'
