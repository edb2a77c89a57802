"""Seeing and proving: check, verify and simulated experiments, as the whole commands that a user starts."""
import json
import statistics
import subprocess
import time

from . import stage
from .swiftlet import Agent, Swiftlet

DAY = 24 * 3600
CRASH_LOOP = """apiVersion: swiftlet.dev/v1
kind: Experiment
metadata: {name: day}
duration: 24h
pods:
- metadata: {name: web}
  spec: {containers: [{name: app, image: simulated}]}
containers:
- {name: app, exit: {after: 1s, code: 1}}
expect:
- {restarts: 200, atLeast: 200, container: app}
"""


class SeeBenchmarks:
    def __init__(self, work, programs, fixtures, report):
        self.work, self.report = work, report
        self.swiftlet = Swiftlet(work, programs, fixtures)

    def run(self):
        self.check()
        self.verify()
        self.simulation()

    def milliseconds(self, command, count, statuses=(0, 1)):
        """One sample for each run of a command, whatever it answers."""
        samples = []
        for _ in range(count):
            stage.settle()
            begin = time.monotonic()
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            samples.append((time.monotonic() - begin) * 1000)
            if done.returncode not in statuses:
                raise RuntimeError(f'{" ".join(command)}: exit {done.returncode}: {done.stderr[-300:]}')
        return samples

    def check(self):
        # A machine that lacks something is told so, with 1: it has been looked at all the same.
        samples = self.milliseconds([self.swiftlet.program, 'check', '--data-dir', self.swiftlet.data], 5)
        self.report.figure('swiftlet check, whole command', statistics.median(samples), 'ms', 1000, p99=max(samples))

    def verify(self):
        agent = Agent(self.swiftlet, 1)
        try:
            rows = json.loads(stage.run([self.swiftlet.program, 'ps', '-o', 'json', *self.swiftlet.options]))['pods']
            command = [self.swiftlet.program, 'verify', f'pod/{rows[0]["name"]}', *self.swiftlet.options]
            samples = self.milliseconds(command, 20)
            self.report.figure('swiftlet verify of a running pod, whole command', statistics.median(samples), 'ms', 20, p99=max(samples))
        finally:
            agent.end()

    def simulation(self):
        path = f'{self.work}/day.yaml'
        with open(path, 'w') as file:
            file.write(CRASH_LOOP)
        samples = self.milliseconds([self.swiftlet.program, 'experiment', 'run', '--simulate', path], 3, statuses=(0,))
        seconds = statistics.median(samples) / 1000
        self.report.figure('a day of crash loops, simulated: times faster than real time', DAY / seconds, '×', 10_000, at_least=True)

    def end(self):
        self.swiftlet.end()
