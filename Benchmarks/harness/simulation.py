"""Scheduler and controllers at the size of a large cluster: simulated nodes, everything else as it is, over HTTPS and with the durable store.

Times are those of a client that polls every 10 ms. CPU and memory are the server's own, from /proc."""
import os
import re
import shutil
import signal
import subprocess
import time

from . import stage
from .apiserver import proportional_kibibytes
from .cluster import API, PODS

DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
REPLICA_SETS = '/apis/apps/v1/namespaces/default/replicasets'
NODES = 1000


class SimulatedCluster:
    """`swiftlet server --simulated-nodes` on an empty directory."""

    def __init__(self, program, directory):
        self.directory = directory
        os.makedirs(directory)
        self.log = open(f'{directory}.log', 'wb')
        self.process = subprocess.Popen(
            [program, 'server', '--data-dir', directory, '--run-dir', f'{directory}/run', '--listen', '127.0.0.1:16444',
             '--simulated-nodes', str(NODES)], stdout=self.log, stderr=self.log)
        stage.wait_until('the simulated nodes are there', self.is_ready, 60)
        self.api = API(f'{directory}/admin.kubeconfig', directory)
        stage.wait_until('the default service account is there', self.has_account, 20)

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'swiftlet server ended: {open(self.log.name).read()[-600:]}')
        return re.search(r'ready in (\d+) ms', open(self.log.name).read())

    def has_account(self):
        try:
            return self.api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')
        except RuntimeError:
            return False

    def mebibytes(self):
        return proportional_kibibytes(self.process.pid) / 1024

    def processor_seconds(self):
        return time.clock_gettime(~self.process.pid << 3 | 2)  # clock_getcpuclockid(3)

    def processor_percent(self, seconds):
        before = self.processor_seconds()
        time.sleep(seconds)
        return (self.processor_seconds() - before) * 100 / seconds

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def template(app, version):
    return {'metadata': {'labels': {'app': app}},
            'spec': {'containers': [{'name': 'c', 'image': f'image:{version}',
                                     'resources': {'requests': {'cpu': '100m', 'memory': '64Mi'}}}]}}


class SchedulerBenchmarks:
    def __init__(self, work, programs, report):
        self.work, self.programs, self.report = work, programs, report
        self.cluster = None

    def run(self):
        self.decisions()
        self.through_the_server()
        stage.usual_scheduling()
        self.cluster = SimulatedCluster(f'{self.programs}/swiftlet', f'{self.work}/simulated')
        for part in (self.deployment, self.idle, self.many_pods, self.many_replica_sets):
            try:
                part()
            except (RuntimeError, OSError) as error:
                self.report.failed(f'scheduler: {part.__name__.replace("_", " ")}', error)

    def decisions(self):
        """The decision alone: rows of nodes, pods there, kind, decisions each second."""
        targets = {('1000', 'plain'): 20_000, ('5000', 'plain'): 5_000}
        for line in stage.run([f'{self.programs}/scheduler-bench', 'decisions']).splitlines():
            match = re.match(r'\s*(\d+)\s+(\d+)\s+(.*?)\s{2,}(\d+)\s+[\d.]+$', line)
            if match:
                nodes, _, kind, rate = match.groups()
                self.report.figure(f'decision alone, {nodes} nodes, {kind}', int(rate), 'pods/s',
                                   targets.get((nodes, kind), 1_000), at_least=True)

    def through_the_server(self):
        environment = dict(os.environ, TMPDIR=self.work)
        output = stage.run([f'{self.programs}/scheduler-bench', 'api'], env=environment)
        rate = re.search(r'(\d+) pods/s', output)
        self.report.figure('5,000 pods on 1,000 nodes through API server and durable store', int(rate[1]), 'pods/s', 1_500, at_least=True)

    def wait(self, name, count, limit=120):
        path = f'{DEPLOYMENTS}/{name}'

        def is_complete():
            deployment = self.cluster.api.call('GET', path)
            status = deployment.get('status', {})
            return (status.get('observedGeneration') == deployment['metadata']['generation']
                    and all(status.get(key, 0) == count for key in ('replicas', 'updatedReplicas', 'availableReplicas')))
        self.poll(is_complete, limit, f'{count} pods of {name}')

    @staticmethod
    def poll(is_so, limit, what):
        end = time.monotonic() + limit
        while not is_so():
            if time.monotonic() > end:
                raise RuntimeError(f'{what}: not within {limit} s')
            time.sleep(0.01)

    def create(self, name, count):
        self.cluster.api.call('POST', DEPLOYMENTS, {
            'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': name},
            'spec': {'replicas': count, 'selector': {'matchLabels': {'app': name}}, 'template': template(name, 1)}})

    def timed(self, what, limit, body):
        begin, processor = time.monotonic(), self.cluster.processor_seconds()
        body()
        self.report.figure(what, time.monotonic() - begin, 's', limit)
        self.report.figure('   CPU of the server', self.cluster.processor_seconds() - processor, 's')

    def deployment(self):
        def up():
            self.create('web', 1000)
            self.wait('web', 1000)

        def update():
            deployment = self.cluster.api.call('GET', f'{DEPLOYMENTS}/web')
            deployment['spec']['template'] = template('web', 2)
            self.cluster.api.call('PUT', f'{DEPLOYMENTS}/web', deployment)
            self.wait('web', 1000)

        self.timed('Deployment 0 → 1,000 replicas: all Running', 3, up)
        self.timed('rolling update of 1,000 pods', 10, update)

    def idle(self):
        time.sleep(5)
        self.report.figure('1,000 simulated nodes with 1,000 pods, idle: CPU', self.cluster.processor_percent(20), '%', 10)

    def many_pods(self):
        for number in range(9):
            self.create(f'more-{number}', 1000)
        for number in range(9):
            self.wait(f'more-{number}', 1000, 300)
        time.sleep(15)
        self.report.figure('1,000 simulated nodes with 10,000 pods, idle: CPU', self.cluster.processor_percent(20), '%', 10)
        self.report.figure('1,000 simulated nodes with 10,000 pods: memory', self.cluster.mebibytes(), 'MiB', 500)

    def many_replica_sets(self):
        before = self.cluster.processor_percent(10)
        for number in range(10_000):
            name = f'set-{number}'
            self.cluster.api.call('POST', REPLICA_SETS, {
                'apiVersion': 'apps/v1', 'kind': 'ReplicaSet', 'metadata': {'name': name},
                'spec': {'replicas': 0, 'selector': {'matchLabels': {'app': name}}, 'template': template(name, 1)}})
        time.sleep(15)
        self.report.figure('10,000 idle ReplicaSets: CPU beyond what there was', max(0, self.cluster.processor_percent(20) - before), '%', 1)

    def end(self):
        if self.cluster:
            self.cluster.end()
        shutil.rmtree(f'{self.work}/simulated', ignore_errors=True)
