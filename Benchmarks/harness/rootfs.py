"""The same root file system for everybody: busybox, and a program that only waits."""
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

PAUSE = 'int pause(void); int main(void) { for (;;) pause(); }'


def compile_program(source, output, *options):
    subprocess.run(['gcc', '-O2', '-w', *options, '-o', output, source], check=True)


def compile_text(text, output, *options):
    subprocess.run(['gcc', '-O2', '-w', *options, '-x', 'c', '-', '-o', output], input=text.encode(), check=True)


def make(path):
    for folder in ('bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'root'):
        os.makedirs(f'{path}/{folder}')
    shutil.copy('/bin/busybox', f'{path}/bin/busybox')
    for applet in ('sh', 'true', 'sleep', 'cat', 'echo'):
        os.symlink('busybox', f'{path}/bin/{applet}')
    compile_text(PAUSE, f'{path}/bin/pause', '-static')
    with open(f'{path}/etc/passwd', 'w') as file:
        file.write('root:x:0:0:root:/root:/bin/sh\n')
    with open(f'{path}/etc/group', 'w') as file:
        file.write('root:x:0:\n')


def archive(root, path, name, command):
    """A docker-archive of one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode='w') as tar:
        for entry in sorted(os.listdir(root)):
            tar.add(f'{root}/{entry}', entry)
    content = layer.getvalue()
    config = json.dumps(dict(
        architecture='amd64', os='linux', config=dict(Cmd=command, Env=['PATH=/bin']),
        rootfs=dict(type='layers', diff_ids=['sha256:' + hashlib.sha256(content).hexdigest()]))).encode()
    config_name = hashlib.sha256(config).hexdigest() + '.json'
    manifest = json.dumps([dict(Config=config_name, RepoTags=[name], Layers=['layer.tar'])]).encode()
    with tarfile.open(path, 'w') as tar:
        for entry, data in ((config_name, config), ('layer.tar', content), ('manifest.json', manifest)):
            header = tarfile.TarInfo(entry)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
