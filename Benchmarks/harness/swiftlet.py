"""The programs under test, in an instance of their own."""
import json
import os
import re
import signal
import subprocess
import time

from . import stage

POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {SPEC}\n'
TRUE = '{restartPolicy: Never, containers: [{name: c, image: busybox, command: ["true"]}]}'
SLEEP = '{terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sleep, "100000"]}]}'


class Swiftlet:
    def __init__(self, work, programs, fixtures):
        self.work, self.programs = work, programs
        self.data = f'{work}/data'
        self.program = f'{programs}/swiftlet'
        self.options = ['--data-dir', self.data, '--run-dir', '/run/bench-swiftlet', '--pod-cidr', '10.98.0.0/16', '--node-name', 'bench']
        for image in ('busybox', 'fixture'):
            stage.run([self.program, 'image', 'import', f'{fixtures}/{image}.tar', *self.options])
        self.once = f'{work}/once.yaml'
        with open(self.once, 'w') as file:
            file.write(POD.replace('NAME', 'once').replace('{SPEC}', TRUE))

    def runtime(self, count, *sections):
        """What swiftlet-bench measures inside one process, as the node agent does it: name → samples."""
        output = stage.run([f'{self.programs}/swiftlet-bench', f'{self.programs}/swiftlet-supervisor', self.data, '/run/bench-runtime',
                            str(count), *sections])
        lines = (line.split('\t') for line in output.splitlines())
        return {line[0]: [float(value) for value in line[1:]] for line in lines if len(line) > 1}

    def run_once(self):
        """Milliseconds of `swiftlet run` of one pod whose container runs true."""
        return stage.milliseconds(lambda: stage.run([self.program, 'run', '-f', self.once, *self.options]))[0]

    def end(self):
        stage.run([self.program, 'down', *self.options])


class Agent:
    """The daemon with a directory of static pods."""

    def __init__(self, swiftlet, pods):
        self.swiftlet = swiftlet
        manifests = f'{swiftlet.work}/manifests'
        os.makedirs(manifests)
        self.process = subprocess.Popen(
            [swiftlet.program, 'agent', *swiftlet.options, '--pod-manifest-path', manifests], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        with open(f'{manifests}/.pods.yaml', 'w') as file:
            file.write('---\n'.join(POD.replace('NAME', f'p{number}').replace('{SPEC}', SLEEP) for number in range(pods)))
        os.rename(f'{manifests}/.pods.yaml', f'{manifests}/pods.yaml')
        stage.wait_until(f'{pods} pods run', lambda: self.running() == pods)

    def running(self):
        table = json.loads(stage.run([self.swiftlet.program, 'ps', '-o', 'json', *self.swiftlet.options]))
        return sum(pod['phase'] == 'Running' for pod in table['pods'])

    def resident_mebibytes(self):
        return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{self.process.pid}/status').read())[1]) / 1024

    def processor_percent(self, seconds):
        before = self.processor_seconds()
        time.sleep(seconds)
        return (self.processor_seconds() - before) * 100 / seconds

    def processor_seconds(self):
        """Of all its threads, also those that have ended, to the nanosecond: what an idle daemon uses is less than a clock tick.

        The number of another process's CPU clock is made as clock_getcpuclockid(3) does."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
