"""crun and runc: one container by one command, with what a container of a pod has as well."""
import json
import os
import shutil

from . import rootfs, stage

CAPABILITIES = ['CAP_' + name for name in (
    'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE').split()]
MASKED = ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware']
READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
SECCOMP_FILE = '/usr/share/containers/seccomp.json'

# crun 1.8 wants an unlimited RLIMIT_MEMLOCK for eBPF, which Linux has not needed since 5.11; a machine that does not let it is no reason
# to leave it out.
MEMLOCK = '''#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
static int set(int what, const void *limit) { int error = syscall(SYS_prlimit64, 0, what, limit, (void *)0); return error && what == 8 ? 0 : error; }
int setrlimit(int what, const void *limit) { return set(what, limit); }
int setrlimit64(int what, const void *limit) { return set(what, limit); }'''


class Runtimes:
    def __init__(self, work, root):
        self.work = work
        self.installed = [name for name in ('crun', 'runc') if shutil.which(name)]
        self.environment = dict(os.environ)
        if not stage.can_exceed_limits():
            rootfs.compile_text(MEMLOCK, f'{work}/memlock.so', '-shared', '-fPIC')
            self.environment['LD_PRELOAD'] = f'{work}/memlock.so'
        os.makedirs(f'{work}/bundle')
        with open(f'{work}/bundle/config.json', 'w') as file:
            json.dump(configuration(root), file)
        self.count = 0

    def life(self, name):
        """Milliseconds from the command to its end: created, started, exited, deleted."""
        self.count += 1
        command = [name, '--root', f'{self.work}/{name}', 'run', '--bundle', f'{self.work}/bundle', f'b{self.count}']
        return stage.milliseconds(lambda: stage.run(command, env=self.environment if name == 'crun' else None))[0]


def mount(destination, kind, source, options):
    return dict(destination=destination, type=kind, source=source, options=options)


def configuration(root):
    quiet = ['nosuid', 'noexec', 'nodev']
    linux = dict(
        namespaces=[dict(type=kind) for kind in ('pid', 'network', 'ipc', 'uts', 'mount', 'cgroup')],
        maskedPaths=MASKED, readonlyPaths=READ_ONLY, cgroupsPath='/bench-peer')
    if os.path.exists(SECCOMP_FILE):
        linux['seccomp'] = seccomp()
    else:
        print(f'{SECCOMP_FILE} is not there: crun and runc go without a filter')
    return dict(
        ociVersion='1.0.2', root=dict(path=root, readonly=True), hostname='bench', linux=linux,
        process=dict(terminal=False, user=dict(uid=0, gid=0), args=['/bin/true'], env=['PATH=/bin'], cwd='/', noNewPrivileges=True,
                     capabilities=dict(bounding=CAPABILITIES, effective=CAPABILITIES, permitted=CAPABILITIES)),
        mounts=[mount('/proc', 'proc', 'proc', quiet), mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'mode=755', 'size=65536k']),
                mount('/dev/pts', 'devpts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']),
                mount('/dev/shm', 'tmpfs', 'shm', quiet + ['mode=1777', 'size=65536k']), mount('/sys', 'sysfs', 'sysfs', quiet + ['ro'])])


def seccomp():
    """The default profile of containers/common, as it stands without further capabilities."""
    def holds(rule):
        wanted = rule.get('includes') or {}
        return rule['action'] == 'SCMP_ACT_ALLOW' and not (rule.get('excludes') or {}).get('caps') and not wanted.get('caps')

    with open(SECCOMP_FILE) as file:
        rules = [rule for rule in json.load(file)['syscalls'] if holds(rule)]
    return dict(defaultAction='SCMP_ACT_ERRNO', architectures=['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
                syscalls=[dict(names=rule['names'], action=rule['action'], args=rule.get('args') or []) for rule in rules])
