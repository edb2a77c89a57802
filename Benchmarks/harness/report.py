"""The figures beside their targets."""
import statistics


def percentile(samples, fraction):
    ordered = sorted(samples)
    return ordered[round(fraction * (len(ordered) - 1))]


class Report:
    HEADER = ('what', 'Swiftlet', 'p99', 'yardstick', 'ratio', 'target', '')

    def __init__(self):
        self.rows = []

    def against(self, what, ours, theirs, unit, name, limit=None, at_least=False):
        """ours, theirs: lists of samples per round. The ratio is the median over the rounds, each within a short time of itself.

        With at_least the ratio says how many times ours goes into theirs."""
        medians = [(statistics.median(a), statistics.median(b)) for a, b in zip(ours, theirs)]
        ratio = statistics.median(b / a if at_least else a / b for a, b in medians)
        pooled = [x for one in ours for x in one]
        self.add(what, statistics.median(pooled), unit, percentile(pooled, 0.99),
                 f'{name} {statistics.median(x for one in theirs for x in one):.3g} {unit}', ratio, ratio, limit, at_least)

    def figure(self, what, value, unit, limit=None, at_least=False, p99=None):
        self.add(what, value, unit, p99, '', None, value, limit, at_least)

    def add(self, what, value, unit, p99, yardstick, ratio, judged, limit, at_least):
        verdict = ''
        if limit is not None:
            judged = float(f'{judged:.3g}')  # as it is printed
            verdict = 'ok' if (judged >= limit if at_least else judged <= limit) else 'MISSED'
        target = '' if limit is None else f'{"≥" if at_least else "≤"} {limit:.3g}'
        self.rows.append((what, f'{value:.3g} {unit}', f'{p99:.3g}' if p99 else '', yardstick,
                          f'{ratio:.2f}' if ratio else '', target, verdict))
        print('   '.join(x for x in self.rows[-1] if x), flush=True)

    def failed(self, what, error):
        """A measurement that came to nothing is a target missed."""
        self.rows.append((what, 'failed', '', '', '', '', 'MISSED'))
        print(f'{what} failed: {error}', flush=True)

    def text(self):
        lines = [self.HEADER, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.HEADER))]
        table = '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
        missed = [row[0] for row in self.rows if row[-1] == 'MISSED']
        return f'{table}\n\n{len(self.rows)} figures, {len(missed)} targets missed' + ''.join(f'\n  {one}' for one in missed)
