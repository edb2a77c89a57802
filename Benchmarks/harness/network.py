"""The cluster's network: services, pods' links, names; measured inside one process by network-bench."""
import statistics

from . import stage


class NetworkBenchmarks:
    def __init__(self, programs, report):
        self.program, self.report = f'{programs}/network-bench', report

    def run(self):
        for what, measure in (('services', self.services), ('pods', self.pods), ('names', self.names)):
            try:
                measure()
            except RuntimeError as error:
                self.report.failed(what, error)

    def samples(self, *arguments):
        """name → samples"""
        output = stage.run(['unshare', '-n', self.program, *arguments])
        lines = (line.split('\t') for line in output.splitlines())
        return {line[0]: [float(value) for value in line[1:]] for line in lines if len(line) > 1}

    def services(self):
        # One thread asks all the time whether a change is there: round-robin would let it keep its core.
        stage.usual_scheduling()
        for count, limit in ((10, 3), (10000, 5)):
            found = self.samples('services', str(count))

            def of(name):
                return found[f'services.{count}.{name}']

            self.change(count, of('change'), limit)
            if count > 10:
                self.report.figure(f'first sync of {count} services, {3 * count} endpoints', of('first-sync')[0] / 1000, 's', 2)
                self.report.figure('service proxy: memory per endpoint', of('bytes-per-endpoint')[0] / 1024, 'KiB', 2)
            self.report.against(f'connection through a ClusterIP, {count} services', [[one] for one in of('connect')],
                                [[one] for one in of('connect-direct')], 'µs', 'direct', 1.15)

    def change(self, count, samples, limit):
        self.report.figure(f'endpoint change → connections follow, {count} services', statistics.median(samples), 'ms', limit,
                           p99=max(samples))

    def pods(self):
        found = self.samples('pods')
        pairs = list(zip(found['pods.throughput'], found['pods.bare']))
        self.report.add('pod → pod: throughput', statistics.median(found['pods.throughput']), 'MB/s', None,
                        f'bare veth {statistics.median(found["pods.bare"]):.3g} MB/s', ratio := statistics.median(a / b for a, b in pairs),
                        ratio, 0.95, True)

    def names(self):
        found = self.samples('dns')
        self.report.figure('DNS: answers for a core-second of the server', statistics.median(found['dns.rate-per-core']), '/s', 30000,
                           at_least=True)
        ordered = sorted(found['dns.latency'])
        self.report.figure('DNS: the slowest of a hundred answers', ordered[round(0.99 * (len(ordered) - 1))] / 1000, 'ms', 1)
