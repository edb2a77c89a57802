import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

private func has(_ tools: String...) -> Bool { tools.allSatisfy { shell("command -v \($0)").status == 0 } }

/// Archives that other programs make, and the project's own recipes.
@Suite(.enabled(if: isRoot)) struct ToolImageTests {
    let directory = TemporaryDirectory()

    @Test(.enabled(if: has("skopeo", "umoci"), "skopeo and umoci are not installed"))
    func `images by umoci and skopeo are read in every format, with the same ID`() throws {
        let d = directory.path
        let result = shell(
            """
            cd \(d) && umoci init --layout l && umoci new --image l:one &&
            mkdir -p a/etc a/gone && echo 1 > a/etc/one && echo x > a/gone/x && ln a/etc/one a/etc/hard && ln -s one a/etc/soft &&
            umoci insert --image l:one a / && umoci insert --image l:one --whiteout /gone &&
            umoci config --image l:one --config.cmd sh --config.env A=1 --config.user 7:8 --config.stopsignal SIGQUIT \
                --config.workingdir /w --config.exposedports 80/tcp --config.volume /v --config.label k=v &&
            skopeo copy -q oci:l:one oci-archive:one.oci:some/name:2 &&
            skopeo copy -q oci:l:one docker-archive:one.docker:some/name:3
            """)
        try #require(result.status == 0, "\(result.output)")
        let store = try ImageStore(in: directory)
        let layout = try #require(try store.importImage(from: "\(d)/l", as: ImageReference("some/name:1")).first)
        let oci = try #require(try store.importImage(from: "\(d)/one.oci").first)
        let docker = try #require(try store.importImage(from: "\(d)/one.docker").first)
        #expect(layout.id == oci.id)
        // skopeo writes a docker config for a docker archive: other bytes, the same layers.
        #expect(docker.config.diffIDs == oci.config.diffIDs)
        for config in [layout.config, docker.config] {
            #expect(config.cmd == ["sh"] && config.user == "7:8" && config.workingDir == "/w" && config.env.contains("A=1"))
            #expect(config.exposedPorts == ["80/tcp"] && config.volumes == ["/v"] && config.labels == ["k": "v"])
        }
        #expect(layout.config.stopSignal == "SIGQUIT")
        #expect(try store.images().flatMap(\.references).map(\.familiar).sorted() == ["some/name:1", "some/name:2", "some/name:3"])
        let tree = try MergedTree(paths: store.snapshot(id: "x", image: docker).lowerDirectories)
        #expect(try tree.contents(of: "/etc/soft", limit: 10) == Array("1\n".utf8))
        #expect(try tree.resolve("/gone") == nil)
    }

    @Test(.enabled(if: has("gcc", "busybox"), "gcc or busybox-static is not installed"))
    func `the recipes make the same images each time, and they run`() throws {
        // The folder of this file may be reached through a symlink; the recipes are where it really is.
        let here = shell("realpath \(#filePath)").output.split(separator: "/").dropLast(4).joined(separator: "/")
        let build = "sh /\(here)/rootfs-fixtures/build"
        let result = shell("\(build) \(directory.path("1")) && \(build) \(directory.path("2"))")
        try #require(result.status == 0, "\(result.output)")
        let store = try ImageStore(in: directory)
        for name in ["busybox", "fixture"] {
            #expect(try directory.read("1/\(name).tar") == directory.read("2/\(name).tar"))
            let image = try #require(try store.importImage(from: directory.path("1/\(name).tar")).first)
            #expect(image.references.map(\.familiar) == ["\(name):latest"])
            #expect(try status(store.layers.filesPath(image.layers[0].chainID) + "/tmp").permissions == 0o1777)
            #expect(try store.resolveUser("app", in: image).additionalGroupIDs == [2000, 2001])
        }
        let roots = try ["busybox", "fixture"].map { name in
            store.layers.filesPath(try #require(try store.image(name)).layers[0].chainID)
        }
        #expect(shell("chroot \(roots[0]) /bin/sh -c 'id -u; ls /etc'").output == "0\ngroup\npasswd\n")
        #expect(shell("chroot \(roots[1]) /fixture exit 3").status == 3)
        #expect(shell("chroot \(roots[1]) /fixture log --lines 2 --size 13").output == "0000000000 a\n0000000001 a\n")
    }
}
