"""podman run, with its own storage and network configuration."""
import os
import shutil

from . import rootfs, stage


class Podman:
    def __init__(self, work, root, environment):
        """environment: that of the OCI runtime."""
        self.home, self.root = f'{work}/podman', root
        self.environment = dict(os.environ, CONTAINERS_CONF=f'{self.home}/containers.conf')
        self.preload = environment.get('LD_PRELOAD')
        self.command = [
            'podman', '--root', f'{self.home}/root', '--runroot', '/run/bench-podman', '--tmpdir', '/run/bench-podman-tmp',
            '--cgroup-manager', 'cgroupfs', '--storage-driver', 'overlay', '--runtime', 'crun' if shutil.which('crun') else 'runc']

    def missing(self):
        return None if shutil.which('podman') else 'podman'

    def start(self):
        os.makedirs(self.home)
        limits = '' if stage.can_exceed_limits() else 'default_ulimits=["nofile=1024:1024","nproc=1024:1024"]\n'
        monitor = f'conmon_env_vars=["PATH=/usr/bin:/usr/sbin:/bin:/sbin","LD_PRELOAD={self.preload}"]\n' if self.preload else ''
        with open(f'{self.home}/containers.conf', 'w') as file:
            file.write(f'[containers]\nlog_driver="k8s-file"\npids_limit=0\n{limits}[engine]\nevents_logger="file"\n{monitor}'
                       f'[network]\nnetwork_backend="cni"\nnetwork_config_dir="{self.home}/net"\n')
        rootfs.archive(self.root, f'{self.home}/lab.tar', 'localhost/lab:1', ['/bin/true'])
        stage.run([*self.command, 'load', '-i', f'{self.home}/lab.tar'], env=self.environment)

    def life(self):
        """Milliseconds of a run without a network, which is the fastest that it can do."""
        command = [*self.command, 'run', '--rm', '--network', 'none', 'localhost/lab:1', '/bin/true']
        return stage.milliseconds(lambda: stage.run(command, env=self.environment))[0]
