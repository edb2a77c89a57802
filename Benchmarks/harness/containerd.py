"""containerd with its CRI service and the CNI bridge, in directories of its own."""
import json
import os
import shutil
import subprocess

from . import rootfs, stage
from .rpc import Channel, message

PLUGINS = ('/usr/lib/cni', '/opt/cni/bin')
CONFIGURATION = '''version = 2
root = "{home}/root"
state = "/run/bench-containerd"
[grpc]
  address = "/run/bench-containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_cgroup = {disable_cgroup}
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{home}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
'''


class Containerd:
    """None of it is there until `start` has returned."""
    SOCKET = '/run/bench-containerd.sock'

    def __init__(self, work, root):
        self.home, self.root = f'{work}/containerd', root
        self.process = None
        self.plugins = next((path for path in PLUGINS if os.path.exists(f'{path}/bridge')), None)
        self.pods = 0

    def missing(self):
        """Why it cannot be measured here; None when it can."""
        wanted = [name for name in ('containerd', 'ctr', 'runc') if not shutil.which(name)]
        return ', '.join(wanted) or (None if self.plugins else 'the CNI plugins')

    def start(self):
        os.makedirs(f'{self.home}/cni')
        with open(f'{self.home}/cni/10-bench.conflist', 'w') as file:
            json.dump(self.network(), file)
        with open(f'{self.home}/config.toml', 'w') as file:
            file.write(CONFIGURATION.format(
                home=self.home, plugins=self.plugins, disable_cgroup='false' if stage.has_cpu_controller() else 'true'))
        self.process = subprocess.Popen(
            ['containerd', '-c', f'{self.home}/config.toml'], stdin=subprocess.DEVNULL, stdout=open(f'{self.home}/log', 'w'),
            stderr=subprocess.STDOUT)
        stage.wait_until('containerd listens', lambda: os.path.exists(self.SOCKET), 20)
        for name, command in (('lab', ['/bin/true']), ('pause', ['/bin/pause'])):
            rootfs.archive(self.root, f'{self.home}/{name}.tar', f'localhost/{name}:1', command)
            stage.run(['ctr', '-a', self.SOCKET, '-n', 'k8s.io', 'image', 'import', f'{self.home}/{name}.tar'])
        self.channel = Channel(self.SOCKET)
        stage.wait_until('the CRI service is ready', self.answers, 20)

    def network(self):
        ranges = [[dict(subnet='10.96.0.0/16')]]
        bridge = dict(
            type='bridge', bridge='cni0', isGateway=True, ipMasq=bool(shutil.which('iptables')), hairpinMode=True,
            ipam=dict(type='host-local', dataDir=f'{self.home}/ipam', ranges=ranges, routes=[dict(dst='0.0.0.0/0')]))
        return dict(cniVersion='0.4.0', name='bench', plugins=[bridge, dict(type='portmap', capabilities=dict(portMappings=True))])

    def answers(self):
        try:
            return bool(self.call('Version', b''))
        except RuntimeError:
            return False

    def call(self, verb, request):
        return self.channel.call(f'/runtime.v1.RuntimeService/{verb}', request)

    def pod(self):
        """Milliseconds from the request to the container's start, and to stop and remove it, as the caller sees it."""
        self.pods += 1
        config = self.sandbox_config(f'pod{self.pods}')

        def start():
            sandbox = self.call('RunPodSandbox', message((1, config)))[1].decode()
            container = self.call('CreateContainer', message((1, sandbox), (2, self.container_config()), (3, config)))[1].decode()
            self.call('StartContainer', message((1, container)))
            return sandbox

        def end():
            for verb in ('StopPodSandbox', 'RemovePodSandbox'):
                self.call(verb, message((1, sandbox)))

        started, sandbox = stage.milliseconds(start)
        return started, stage.milliseconds(end)[0]

    def sandbox_config(self, name):
        security = message((9, message((1, 0))))  # seccomp: the runtime's default
        return message((1, message((1, name), (2, name), (3, 'default'), (4, 0))), (2, 'c'), (8, message((1, '/bench'), (2, security))))

    def container_config(self):
        security = message((15, message((1, 0))))
        return message((1, message((1, 'c'), (2, 0))), (2, message((1, 'localhost/lab:1'))), (3, '/bin/sleep'), (3, '100000'),
                       (15, message((2, security))))

    def stop(self):
        if not self.process:
            return
        self.process.terminate()
        self.process.wait()
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                arguments = open(f'/proc/{pid}/cmdline').read()
            except OSError:
                continue
            if 'containerd-shim' in arguments and self.SOCKET in arguments:
                os.kill(int(pid), 9)
