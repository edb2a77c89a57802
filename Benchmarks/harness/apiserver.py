"""The API server and its store under load, with etcd beside it where it does the same work.

Every load comes from api-load over loopback TLS with keep-alive. CPU is the server's own, from /proc/PID/stat: on a busy machine it is the
firm figure, while times and rates depend on who else wants the processors."""
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import time

from . import stage

PORT = 16443
ETCD_PORT = 12379


class Load:
    """Runs api-load: name → number."""

    def __init__(self, programs):
        self.program = f'{programs}/api-load'

    def __call__(self, *arguments):
        output = stage.run([self.program, *(str(argument) for argument in arguments)])
        lines = (line.split('\t') for line in output.splitlines())
        return {line[0]: float(line[1]) for line in lines if len(line) == 2}


class Server:
    """`swiftlet server` on a directory, with neither scheduler nor controllers: the API server and its store are measured."""

    def __init__(self, program, directory):
        self.directory, self.kubeconfig = directory, f'{directory}/admin.kubeconfig'
        os.makedirs(directory, exist_ok=True)
        self.log = open(f'{directory}.log', 'ab')
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [program, 'server', '--data-dir', directory, '--run-dir', f'{directory}/run', '--listen', f'127.0.0.1:{PORT}',
             '--kubeconfig', self.kubeconfig, '--no-scheduler', '--controllers=-*'], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = self.process.pid
        try:
            self.ready_milliseconds = self.wait_until_ready()
            stage.wait_until('the kubeconfig is written', lambda: os.path.exists(self.kubeconfig), 10)
        except RuntimeError:
            self.process.kill()
            raise

    def wait_until_ready(self):
        """From the process's start to 200 from /readyz."""
        context = ssl._create_unverified_context()
        while time.monotonic() < self.begun + 60:
            if self.process.poll() is not None:
                raise RuntimeError(f'swiftlet server ended: {open(self.log.name).read()[-600:]}')
            try:
                with socket.create_connection(('127.0.0.1', PORT), timeout=5) as plain, context.wrap_socket(plain) as connection:
                    connection.sendall(b'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
                    if connection.recv(64).startswith(b'HTTP/1.1 200'):
                        return (time.monotonic() - self.begun) * 1000
            except (OSError, ssl.SSLError):
                pass
            time.sleep(0.001)
        raise RuntimeError('swiftlet server: not ready after 60 s')

    def mebibytes(self):
        """Proportional memory when it has come to rest."""
        time.sleep(3)
        return proportional_kibibytes(self.pid) / 1024

    def pin(self, processors):
        for task in os.listdir(f'/proc/{self.pid}/task'):
            os.sched_setaffinity(int(task), processors)

    def end(self):
        """Harmless when it has ended."""
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def proportional_kibibytes(pid):
    for line in open(f'/proc/{pid}/smaps_rollup'):
        if line.startswith('Pss:'):
            return int(line.split()[1])
    return 0


class Etcd:
    """One member, as Debian ships it."""

    @staticmethod
    def missing():
        return None if shutil.which('etcd') else 'etcd is not installed'

    def __init__(self, directory):
        url = f'http://127.0.0.1:{ETCD_PORT}'
        self.address = f'127.0.0.1:{ETCD_PORT}'
        self.process = subprocess.Popen(
            ['etcd', '--data-dir', directory, '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls',
             f'http://127.0.0.1:{ETCD_PORT + 1}', '--log-level', 'error'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        stage.wait_until('etcd listens', self.listens, 30)

    @staticmethod
    def listens():
        try:
            socket.create_connection(('127.0.0.1', ETCD_PORT), timeout=1).close()
            return True
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(30)


class ControlPlaneBenchmarks:
    """Each method starts a server on an empty directory below `work`, which has to lie on a disk: durable writes are measured."""

    def __init__(self, work, programs, report):
        self.work, self.program, self.report = work, f'{programs}/swiftlet', report
        self.load = Load(programs)
        self.count, self.running, self.list_beside = 0, [], None

    def run(self):
        stage.usual_scheduling()
        for part in (self.start, self.requests, self.one_core, self.durable_writes, self.one_write, self.watches, self.definitions,
                     self.idle_connections, self.many_objects):
            try:
                part()
            except RuntimeError as error:
                self.report.failed(f'server: {part.__name__.replace("_", " ")}', error)
            finally:
                for one in self.running:
                    one.end()
                self.running.clear()

    def server(self, directory=None):
        self.count += 1
        server = Server(self.program, directory or f'{self.work}/server-{self.count}')
        self.running.append(server)
        return server

    def start(self):
        times = []
        for _ in range(5):
            server = self.server()
            times.append(server.ready_milliseconds)
            if len(times) < 5:
                server.end()
        self.report.figure('server: start on an empty directory to /readyz', statistics.median(times), 'ms', 300, p99=max(times))
        self.report.figure('server: idle memory', server.mebibytes(), 'MiB', 40)
        self.load('fill', server.kubeconfig, server.pid, 'pods', 10000)
        self.report.figure('server: memory with 10,000 pods of 4 KB', server.mebibytes(), 'MiB', 120)
        self.list_beside = self.load('serial', server.kubeconfig, server.pid, 'list', 200)['list.cpu-us']
        server.end()
        times = []
        for _ in range(5):
            again = self.server(server.directory)
            times.append(again.ready_milliseconds)
            again.end()
        self.report.figure('server: start on 10,000 pods to /readyz', statistics.median(times), 'ms', 200, p99=max(times))

    def requests(self):
        server = self.server()
        targets = [('get', 'GET of a pod', 20000, 60), ('create', 'CREATE of a config map', 3000, 200),
                   ('create-pod', 'CREATE of a pod', 3000, 200), ('merge', 'merge PATCH', 3000, 300),
                   ('apply', 'server-side apply', 3000, 500), ('list', 'LIST of 1,000 pods', 400, 2000),
                   ('table', 'LIST of 1,000 pods as Table', 200, 5000), ('label', 'LIST by a label that none of 1,000 has', 4000, 300)]
        measured = {}
        for operation, what, count, limit in targets:
            figures = self.load('serial', server.kubeconfig, server.pid, operation, count)
            measured[operation] = figures[f'{operation}.cpu-us']
            self.report.figure(f'{what}: CPU', measured[operation] / 1000, 'ms', limit / 1000)
            print(f'   {what}: p50 {figures[f"{operation}.p50-us"]:.0f} µs, p99 {figures[f"{operation}.p99-us"]:.0f} µs')
        if self.list_beside:
            self.report.figure('LIST of 1,000 pods: CPU with 10,000 others beside them, times as much',
                               self.list_beside / measured['list'], '', 1.3)
        server.end()

    def one_core(self):
        server = self.server()
        server.pin({0})
        rates = [self.load('many', server.kubeconfig, server.pid, 'get', 8, 40000)['get-8.per-second'] for _ in range(3)]
        self.report.figure('GET: on one core', statistics.median(rates), '/s', 15000, at_least=True)
        server.end()

    def durable_writes(self):
        server, etcd = self.server(), self.etcd()
        ours, theirs = [], []
        for _ in range(3):
            ours.append(self.load('many', server.kubeconfig, server.pid, 'create', 32, 10000))
            if etcd:
                theirs.append(self.load('etcd', etcd.address, etcd.pid, 32, 10000))
        def of(runs, key):
            return statistics.median(one[key] for one in runs)

        self.report.figure('durable CREATE, 32 clients', of(ours, 'create-32.per-second'), '/s', 3000, at_least=True)
        self.report.figure('durable CREATE, 32 clients: p99', of(ours, 'create-32.p99-us') / 1000, 'ms', 25)
        self.report.figure('durable CREATE, 32 clients: CPU', of(ours, 'create-32.cpu-us') / 1000, 'ms')
        if etcd:
            self.report.figure('etcd put beside it, 32 clients', of(theirs, 'etcd-32.per-second'), '/s')
            self.report.figure('etcd put beside it, 32 clients: p99', of(theirs, 'etcd-32.p99-us') / 1000, 'ms')
            self.report.figure('etcd put beside it, 32 clients: CPU', of(theirs, 'etcd-32.cpu-us') / 1000, 'ms')
            etcd.end()
        server.end()

    def etcd(self):
        if Etcd.missing():
            print(f'etcd is left out: {Etcd.missing()}')
            return None
        etcd = Etcd(f'{self.work}/etcd')
        self.running.append(etcd)
        return etcd

    def one_write(self):
        server = self.server()
        ours, floor = [], []
        for _ in range(8):
            floor.append([self.load('sync', self.work, 200)['sync.p50-us']])
            ours.append([self.load('serial', server.kubeconfig, server.pid, 'create', 200)['create.p50-us']])
        self.report.against('durable CREATE, one client, against one fdatasync', ours, floor, 'µs', 'fdatasync', 1.5)
        server.end()

    def watches(self):
        server = self.server()

        def watch(watchers, writes, rate):
            figures = self.load('watch', server.kubeconfig, server.pid, watchers, writes, rate)
            return {name.split('.', 1)[1]: value for name, value in figures.items()}

        one = watch(1, 400, 50)
        self.report.figure('watch: write to event, one watcher', one['each.p50-us'] / 1000, 'ms', 1, p99=one['each.p99-us'] / 1000)
        hundred = watch(100, 400, 50)
        self.report.figure('watch: write to the last of 100 watchers', hundred['last.p50-us'] / 1000, 'ms', 3,
                           p99=hundred['last.p99-us'] / 1000)
        self.report.figure('CREATE with 100 watchers: CPU', hundred['create.cpu-us'] / 1000, 'ms', 1)
        thousand = watch(1000, 1000, 200)
        self.report.figure('watch: 1,000 watchers, 200 writes/s: p99', thousand['each.p99-us'] / 1000, 'ms', 50)
        self.report.figure('watch: memory of each of 1,000', thousand['kib-each'], 'KiB', 20)
        server.end()

    def definitions(self):
        server = self.server()
        figures = self.load('definitions', server.kubeconfig, server.pid, 50)
        self.report.figure('custom resource definition: memory', figures['definition.kib-each'], 'KiB', 100)
        server.end()

    def idle_connections(self):
        server = self.server()
        figures = self.load('idle', server.kubeconfig, server.pid, 10000)
        self.report.figure('10,000 idle connections: memory of each', figures['idle.kib-each'], 'KiB')
        self.report.figure('10,000 idle connections: GET beside them', figures['idle.get.p50-us'] / 1000, 'ms',
                           p99=figures['idle.get.p99-us'] / 1000)
        server.end()

    def many_objects(self):
        """What a write costs must not depend on how much is there."""
        server = self.server()
        costs, there = {}, 0
        for count in (1000, 10000, 100000):
            self.load('fill', server.kubeconfig, server.pid, 'configmaps', count - there)
            there = count
            costs[count] = [self.load('many', server.kubeconfig, server.pid, 'create', 8, 2000)['create-8.cpu-us'] for _ in range(3)]
        print('   objects → CPU of a CREATE in µs: ' + ', '.join(f'{n}: {statistics.median(c):.0f}' for n, c in costs.items()))
        self.report.against('CREATE: CPU on 100,000 objects against 1,000', [costs[100000]], [costs[1000]], 'µs', 'on 1,000', 1.25)
        self.report.figure('server: memory with 100,000 config maps of 0.5 KB', server.mebibytes(), 'MiB')
        server.end()
