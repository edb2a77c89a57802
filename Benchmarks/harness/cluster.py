"""The whole cluster of one node, `swiftlet up`, as its clients see it: from a request to the state they watch for.

Every figure comes from one watch over HTTPS that is read in a thread of this program; what Python adds is well below a millisecond."""
import base64
import copy
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import threading
import time

from . import stage
from .apiserver import proportional_kibibytes
from .report import percentile

ADDRESS = '198.18.0.1'
PODS = '/api/v1/namespaces/default/pods'
OBEDIENT = ['sh', '-c', 'trap exit TERM; sleep 100000 & wait']
DEAF = ['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done']


class API:
    """A client, with a connection of its own, by the kubeconfig that `up` writes."""

    def __init__(self, kubeconfig, directory):
        text = open(kubeconfig).read()
        host, port = re.search(r'server: "?https://([^:"]+):(\d+)', text).groups()
        self.address = (host, int(port))
        self.tls = ssl.create_default_context(cadata=self.decoded(text, 'certificate-authority-data').decode())
        for name in ('certificate', 'key'):
            with open(os.open(f'{directory}/client.{name}', os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'wb') as file:
                file.write(self.decoded(text, f'client-{name}-data'))
        self.tls.load_cert_chain(f'{directory}/client.certificate', f'{directory}/client.key')
        self.connection = self.connect()

    def another(self):
        other = copy.copy(self)
        other.connection = self.connect()
        return other

    @staticmethod
    def decoded(text, key):
        return base64.b64decode(re.search(rf'{key}: "?([A-Za-z0-9+/=]+)', text)[1])

    def connect(self):
        connection = http.client.HTTPSConnection(*self.address, context=self.tls, timeout=3600)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def call(self, method, path, body=None):
        headers = {'Content-Type': 'application/json', 'Accept': 'application/json'}
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f'{method} {path}: {answer.status}: {text[:300].decode(errors="replace")}')
        return json.loads(text)

    def stream(self, path):
        """An answer that is read as it comes."""
        connection = self.connect()
        connection.request('GET', path)
        return connection.getresponse()

    def first_output(self, pod, command):
        """Seconds from the request to the first byte of the command's standard output, over a WebSocket (v5.channel.k8s.io)."""
        query = '&'.join(['stdout=true', 'stderr=true'] + [f'command={one}' for one in command])
        begin = time.monotonic()
        plain = socket.create_connection(self.address)
        # As every client of Go has it: otherwise the request waits for the peer's delayed acknowledgement of the handshake.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.tls.wrap_socket(plain, server_hostname=self.address[0]) as connection:
            connection.sendall((f'GET {PODS}/{pod}/exec?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
                                'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
                                'Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n').encode())
            stream = connection.makefile('rb')
            if b' 101 ' not in (line := stream.readline()):
                raise RuntimeError(f'exec: the connection was not upgraded: {line.decode()}')
            while stream.readline().strip():
                pass
            while True:
                head = stream.read(2)
                length = head[1] & 0x7f
                if length == 126:
                    length = int.from_bytes(stream.read(2), 'big')
                payload = stream.read(length)
                if payload[:1] == b'\x01' and len(payload) > 1:
                    return time.monotonic() - begin


class PodWatch(threading.Thread):
    """Notes when each pod was first seen in a state."""

    def __init__(self, api):
        super().__init__(daemon=True)
        revision = api.call('GET', PODS)['metadata']['resourceVersion']
        self.answer = api.stream(f'{PODS}?watch=1&resourceVersion={revision}&timeoutSeconds=3000')
        self.seen, self.changed = {}, threading.Condition()
        self.start()

    def run(self):
        for line in self.answer:
            event, now = json.loads(line), time.monotonic()
            pod = event['object']
            states = [event['type'], pod.get('status', {}).get('phase')]
            states += [one['type'] for one in pod.get('status', {}).get('conditions', []) if one['status'] == 'True']
            states += [f'restarts {one["restartCount"]}' for one in pod.get('status', {}).get('containerStatuses', [])]
            states += ['terminated' for one in pod.get('status', {}).get('containerStatuses', []) if 'terminated' in one['state']]
            with self.changed:
                for state in states:
                    self.seen.setdefault((pod['metadata']['name'], state), now)
                self.changed.notify_all()

    def when(self, names, state, seconds=120):
        """When the last of the pods was first seen in the state."""
        with self.changed:
            if not self.changed.wait_for(lambda: all((name, state) in self.seen for name in names), seconds):
                missing = [name for name in names if (name, state) not in self.seen]
                raise RuntimeError(f'{len(missing)} of {len(names)} pods are not {state} after {seconds} s, {missing[0]} among them')
            return max(self.seen[name, state] for name in names)


class Cluster:
    """`swiftlet up` on a directory."""

    def __init__(self, program, directory, fixtures):
        self.options = ['--data-dir', directory, '--run-dir', '/run/bench-cluster', '--node-name', 'bench', '--pod-cidr', '10.98.0.0/16']
        self.program = program
        stage.run([program, 'image', 'import', '--tag', 'busybox:bench', f'{fixtures}/busybox.tar', *self.options])
        # The network namespace that all this runs in has no address of its own, which the API server would reach the node at.
        stage.run(['ip', 'address', 'replace', f'{ADDRESS}/32', 'dev', 'lo'])
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [program, 'up', *self.options, '--listen', '127.0.0.1:0', '--node-ip', ADDRESS, '--max-pods', '600'], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=open(f'{directory}.log', 'ab'), text=True)
        for line in self.process.stdout:
            if line.startswith('export KUBECONFIG='):
                break
        else:
            raise RuntimeError(f'swiftlet up ended: {open(f"{directory}.log").read()[-600:]}')
        self.ready_milliseconds = (time.monotonic() - begin) * 1000
        self.kubeconfig = f'{directory}/admin.kubeconfig'
        self.api = API(self.kubeconfig, directory)
        stage.wait_until('the default service account is there', self.has_account, 20)

    def has_account(self):
        try:
            return self.api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')
        except RuntimeError:
            return False

    def mebibytes(self):
        return proportional_kibibytes(self.process.pid) / 1024

    def processor_percent(self, seconds):
        clock = ~self.process.pid << 3 | 2  # clock_getcpuclockid(3)
        before = time.clock_gettime(clock)
        time.sleep(seconds)
        return (time.clock_gettime(clock) - before) * 100 / seconds

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        stage.run([self.program, 'down', *self.options])


def pod(name, command, grace=30, **container):
    spec = {'terminationGracePeriodSeconds': grace, 'containers': [
        {'name': 'c', 'image': 'busybox:bench', 'imagePullPolicy': 'Never', 'command': command, **container}]}
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': name}, 'spec': spec}


class ClusterBenchmarks:
    def __init__(self, work, programs, fixtures, report):
        self.cluster = Cluster(f'{programs}/swiftlet', f'{work}/cluster', fixtures)
        self.api, self.report = self.cluster.api, report
        self.watch = PodWatch(self.api)

    def run(self):
        stage.usual_scheduling()
        self.report.figure('up: start on an empty directory until it is ready', self.cluster.ready_milliseconds, 'ms', 1000)
        for part in (self.one_pod, self.deaf_pod, self.container_exit, self.streams, self.bursts):
            try:
                part()
            except (RuntimeError, OSError) as error:
                self.report.failed(f'cluster: {part.__name__.replace("_", " ")}', error)

    def create(self, name, *arguments, **container):
        begin = time.monotonic()
        self.api.call('POST', PODS, pod(name, *arguments, **container))
        return begin

    def delete(self, name):
        begin = time.monotonic()
        self.api.call('DELETE', f'{PODS}/{name}')
        return begin

    def one_pod(self):
        running, gone = [], []
        for number in range(50):
            name = f'one-{number}'
            begin = self.create(name, OBEDIENT)
            running.append((self.watch.when([name], 'Running') - begin) * 1000)
            begin = self.delete(name)
            gone.append((self.watch.when([name], 'DELETED') - begin) * 1000)
        self.report.figure('pod: create → Running at a watcher', statistics.median(running), 'ms', 30, p99=percentile(running, 0.99))
        self.report.figure('pod: create → Running, the slowest', max(running), 'ms', 100)
        self.report.figure('pod that obeys SIGTERM: delete → gone', statistics.median(gone), 'ms', 50, p99=percentile(gone, 0.99))

    def deaf_pod(self):
        gone = []
        for number in range(3):
            name = f'deaf-{number}'
            self.create(name, DEAF, 1)
            self.watch.when([name], 'Running')
            begin = self.delete(name)
            gone.append((self.watch.when([name], 'DELETED') - begin) * 1000)
        self.report.figure('pod that ignores SIGTERM, 1 s of grace: delete → gone', statistics.median(gone), 'ms', 1100)

    def container_exit(self):
        """The process is killed from outside: when it ended is known to the microsecond."""
        times = []
        for number in range(20):
            name, mark = f'exit-{number}', str(7000000 + number)
            once = pod(name, ['sleep', mark])
            once['spec']['restartPolicy'] = 'Never'
            self.api.call('POST', PODS, once)
            self.watch.when([name], 'Running')
            os.kill(process_of('sleep', mark), signal.SIGKILL)
            begin = time.monotonic()
            times.append((self.watch.when([name], 'terminated') - begin) * 1000)
            self.delete(name)
        self.report.figure('container exit → status at a watcher', statistics.median(times), 'ms', 5, p99=max(times))

    def streams(self):
        self.create('streams', OBEDIENT)
        self.watch.when(['streams'], 'Running')
        times = [self.api.first_output('streams', ['echo', 'x']) * 1000 for _ in range(20)]
        self.report.figure('exec over a WebSocket: first byte', statistics.median(times), 'ms', 10, p99=max(times))
        self.create('lines', ['sh', '-c', f'yes "{"a line of a log " * 6}" | head -c 30000000; echo; echo written; sleep 100000'])
        self.watch.when(['lines'], 'Running')
        # Who writes takes the processor from who reads: the log is there before it is read.
        while self.api.stream(f'{PODS}/lines/log?tailLines=1').read() != b'written\n':
            time.sleep(0.05)
        rates = []
        for _ in range(5):
            begin, count = time.monotonic(), 0
            answer = self.api.stream(f'{PODS}/lines/log?follow=true')
            while count < 30_000_000:
                if not (bytes := answer.read1(1 << 20)):
                    raise RuntimeError(f'logs -f ended after {count} bytes')
                count += len(bytes)
            rates.append(count / 1e6 / (time.monotonic() - begin))
        self.report.figure('logs -f of 30 MB', statistics.median(rates), 'MB/s', 200, at_least=True)
        if not shutil.which('kubectl'):
            print('cp and port-forward are left out: kubectl is not installed')
            return
        self.copies()
        for name in ('streams', 'lines'):
            self.delete(name)

    def copies(self):
        kubectl = ['kubectl', '--kubeconfig', self.cluster.kubeconfig]
        source = f'{os.path.dirname(self.cluster.kubeconfig)}/copied'
        with open(source, 'wb') as file:
            for _ in range(100):
                file.write(os.urandom(1 << 20))
        there = stage.milliseconds(lambda: stage.run([*kubectl, 'cp', source, 'streams:/tmp/copied']))[0] / 1000
        back = stage.milliseconds(lambda: stage.run([*kubectl, 'cp', 'streams:/tmp/copied', f'{source}.back']))[0] / 1000
        if open(source, 'rb').read() != open(f'{source}.back', 'rb').read():
            raise RuntimeError('cp: the bytes that came back are not those that went')
        self.report.figure('kubectl cp of 100 MiB into a pod', 104.9 / there, 'MB/s', 200, at_least=True)
        self.report.figure('kubectl cp of 100 MiB out of a pod', 104.9 / back, 'MB/s', 200, at_least=True)

    def bursts(self):
        for count, limit in ((20, 400), (100, 2000), (500, 15000)):
            names = [f'burst-{count}-{number}' for number in range(count)]
            begin = time.monotonic()
            threads = [threading.Thread(target=self.create_all, args=(names[part::4],)) for part in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.report.figure(
                f'{count} pods at once: until all are Running', (self.watch.when(names, 'Running') - begin) * 1000, 'ms', limit)
            if count == 100:
                self.at_rest(100, 80)
            if count == 500:
                self.at_rest(500, 200)
            begin = time.monotonic()
            self.api.call('DELETE', f'{PODS}?gracePeriodSeconds=1')
            self.report.figure(
                f'{count} pods deleted at once: until all are gone', (self.watch.when(names, 'DELETED') - begin) * 1000, 'ms')

    def create_all(self, names):
        api = self.api.another()
        for name in names:
            api.call('POST', PODS, pod(name, OBEDIENT))

    def at_rest(self, count, limit):
        time.sleep(5)
        self.report.figure(f'whole daemon with {count} pods: memory', self.cluster.mebibytes(), 'MiB', limit)
        self.report.figure(f'whole daemon with {count} idle pods: CPU over 10 s', self.cluster.processor_percent(10), '%', 1)

    def end(self):
        self.cluster.end()


def process_of(*arguments):
    """The pid of the one process with these arguments."""
    wanted = '\0'.join(arguments) + '\0'
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            if open(path).read() == wanted:
                return int(path.split('/')[2])
        except OSError:
            pass
    raise RuntimeError(f'no process {" ".join(arguments)}')
