# Functions that the recipes share. The same tree gives the same bytes: fixed times and owners, names in byte order.
set -eu
umask 022
export LC_ALL=C

fail() { echo "rootfs-fixtures: $*" >&2; exit 1; }

# need COMMAND PACKAGE: the command must be there; says which Debian package has it.
need() { command -v "$1" >/dev/null || fail "$1 is missing: apt-get install $2"; }

# base_tree DIR: directories and files that every image has.
base_tree() {
    for directory in bin dev etc home proc root sbin sys tmp usr usr/bin usr/sbin var var/tmp; do mkdir -p "$1/$directory"; done
    chmod 0700 "$1/root"
    chmod 1777 "$1/tmp" "$1/var/tmp"
    cat > "$1/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
app:x:1000:1000:app:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
END
    cat > "$1/etc/group" <<'END'
root:x:0:
daemon:x:1:
www-data:x:33:
app:x:1000:
extra:x:2000:app
more:x:2001:app,daemon
nogroup:x:65534:
END
}

# docker_archive TREE NAME:TAG CONFIG OUT: a docker-archive with one layer. CONFIG is the JSON of the config's "config".
docker_archive() {
    tree=$1 name=$2 config=$3 out=$4
    case $(uname -m) in
        x86_64) arch=amd64 ;;
        aarch64) arch=arm64 ;;
        *) arch=$(uname -m) ;;
    esac
    stage=$(mktemp -d)
    deterministic_tar "$tree" "$stage/layer.tar" .
    layer=$(sha256sum "$stage/layer.tar" | cut -d' ' -f1)
    printf '{"architecture":"%s","config":%s,"created":"1970-01-01T00:00:00Z","history":[{"created":"1970-01-01T00:00:00Z","created_by":"rootfs-fixtures/build"}],"os":"linux","rootfs":{"diff_ids":["sha256:%s"],"type":"layers"}}' \
        "$arch" "$config" "$layer" > "$stage/config"
    id=$(sha256sum "$stage/config" | cut -d' ' -f1)
    mv "$stage/config" "$stage/$id.json"
    mkdir "$stage/$layer"
    mv "$stage/layer.tar" "$stage/$layer/layer.tar"
    printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["%s/layer.tar"]}]\n' "$id" "$name" "$layer" > "$stage/manifest.json"
    deterministic_tar "$stage" "$out.part" "$id.json" "$layer" manifest.json
    mv "$out.part" "$out"
    rm -rf "$stage"
    echo "$out $name sha256:$id"
}

# deterministic_tar DIR OUT NAME...
deterministic_tar() {
    directory=$1 to=$2
    shift 2
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -C "$directory" -cf "$to" "$@"
}
