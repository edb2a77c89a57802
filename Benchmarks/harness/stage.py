"""Where everything runs: namespaces of its own, /run in memory as on an installed system, real-time scheduling for all alike."""
import ctypes
import os
import re
import subprocess
import sys
import time

INSIDE = 'SWIFTLET_BENCH_INSIDE'


def enter():
    """Starts this program again in a mount and a network namespace of its own, or goes on when that has happened."""
    if os.geteuid():
        sys.exit('the benchmarks need root')
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = '1'
        os.execvp('unshare', ['unshare', '-m', '-n', '--propagation', 'private', sys.executable, *sys.argv])
    mount('cgroup2', '/sys/fs/cgroup')
    mount('tmpfs', '/run', 'mode=755')
    os.makedirs('/run/netns')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    return real_time()


def mount(kind, path, options=''):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b'none', path.encode(), kind.encode(), 0, options.encode() or None):
        sys.exit(f'cannot mount {kind} privately at {path}: {os.strerror(ctypes.get_errno())}')


def real_time():
    """Other work on the machine shall not decide the result: yardsticks and ours run before it, and take turns among themselves."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        return 'SCHED_RR'
    except PermissionError:
        return 'the usual scheduler'


def usual_scheduling():
    """For servers with more busy threads than processors: round-robin would let each of them run for a tenth of a second."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        os.nice(-15)
    except PermissionError:
        pass


def can_exceed_limits():
    """CAP_SYS_RESOURCE, which some peers take for granted."""
    return bool(int(re.search(r'CapEff:\s*(\w+)', open('/proc/self/status').read())[1], 16) >> 24 & 1)


def has_cpu_controller():
    return 'cpu' in open('/sys/fs/cgroup/cgroup.controllers').read().split()


def end_cgroup(name):
    """Kills what is in the cgroups of this name, wherever they are, and removes them: what a measurement that failed has left."""
    for path, _, _ in list(os.walk('/sys/fs/cgroup')):
        if os.path.basename(path) != name or not os.path.exists(f'{path}/cgroup.kill'):
            continue
        with open(f'{path}/cgroup.kill', 'w') as file:
            file.write('1')
        wait_until(f'{path} is empty', lambda: 'populated 0' in open(f'{path}/cgroup.events').read(), 10)
        for below, _, _ in list(os.walk(path, topdown=False)):
            os.rmdir(below)


def settle():
    """The kernel takes networks and mounts apart in its own time, and lets whoever comes next wait for its locks."""
    time.sleep(0.2)


def wait_until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f'{what}: not after {seconds} s')
        time.sleep(0.02)


def milliseconds(action):
    """How long it takes, and what it returns."""
    start = time.monotonic()
    result = action()
    return (time.monotonic() - start) * 1000, result


def run(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command)}: {done.returncode}: {done.stderr[-600:].strip()}')
    return done.stdout
