import APIMachinery
import Glibc
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct TreeRemovalTests {
    @Test func `links are removed and never followed`() throws {
        let directory = try TemporaryDirectory()
        let (outside, tree) = ("\(directory.path)/outside", "\(directory.path)/tree")
        try PodFiles.makeDirectory("\(outside)/kept", mode: 0o755)
        try PodFiles.touch("\(outside)/kept/file", mode: 0o644)
        try PodFiles.makeDirectory("\(tree)/a/b", mode: 0o700)
        try PodFiles.touch("\(tree)/a/b/file", mode: 0o000)
        try PodFiles.link("\(tree)/out", to: outside)
        try PodFiles.link("\(tree)/a/b/out", to: "../../../outside")
        try TreeRemoval.remove(tree)
        #expect(PodFiles.kind(tree) == nil)
        #expect(PodFiles.kind("\(outside)/kept/file") == .file)
        try PodFiles.link(tree, to: outside)
        try TreeRemoval.remove(tree)
        #expect(PodFiles.kind("\(outside)/kept/file") == .file)
        try TreeRemoval.remove("\(directory.path)/none")
    }

    @Test func `a very deep tree needs no stack and few descriptors`() throws {
        let directory = try TemporaryDirectory()
        var fd = open(directory.path, O_RDONLY | O_DIRECTORY)
        for level in 0..<2_000 {
            let name = level == 0 ? "tree" : "d"
            #expect(mkdirat(fd, name, 0o755) == 0)
            let next = openat(fd, name, O_RDONLY | O_DIRECTORY)
            close(fd)
            fd = next
        }
        close(fd)
        try TreeRemoval.remove("\(directory.path)/tree")
        #expect(try PodFiles.list(directory.path).isEmpty)
    }
}

@Suite struct VolumeTests {
    private func volumes(_ directory: TemporaryDirectory, _ objects: LocalObjects = LocalObjects()) -> PodVolumes {
        var configuration = KubeletConfiguration()
        configuration.rootDirectory = directory.path
        configuration.objects = objects
        return PodVolumes(configuration, NoMounts())
    }

    @Test func `emptyDir comes, stays and goes`() async throws {
        let directory = try TemporaryDirectory()
        let pod = makePod("p") {
            $0.spec.volumes = [Volume { ($0.name, $0.emptyDir) = ("v", EmptyDirVolumeSource()) }]
            $0.spec.securityContext = PodSecurityContext { $0.fsGroup = geteuid() == 0 ? 2_000 : Int64(getegid()) }
        }
        let volumes = volumes(directory)
        let path = "\(directory.path)/pods/p/volumes/kubernetes.io~empty-dir/v"
        for _ in 0..<2 { #expect(try await volumes.setUp(pod, now: .now()) == ["v": HostVolume(.path(path))]) }
        #expect(PodFiles.group(path) == UInt32(clamping: pod.spec.securityContext?.fsGroup ?? 0))
        try PodFiles.touch("\(path)/file", mode: 0o644)
        _ = try await volumes.setUp(pod, now: .now())
        #expect(PodFiles.kind("\(path)/file") == .file)
        try await volumes.tearDown("p")
        #expect(try PodFiles.list("\(directory.path)/pods/p").isEmpty)
    }

    @Test(
        arguments: [
            ("", "new", nil, FileKind.directory), ("DirectoryOrCreate", "new", nil, .directory), ("FileOrCreate", "new", nil, .file),
            ("Directory", "new", "is not a directory", nil), ("File", "new", "is not a file", nil),
            ("Directory", "file", "is not a directory", .file),
            ("File", "directory", "is not a file", .directory), ("Socket", "file", "is not a socket file", .file),
            ("CharDevice", "file", "is not a character device", .file), ("BlockDevice", "file", "is not a block device", .file),
            ("", "file", nil, .file),
        ] as [(String, String, String?, FileKind?)])
    func `hostPath types`(type: String, name: String, message: String?, kind: FileKind?) async throws {
        let directory = try TemporaryDirectory()
        try PodFiles.touch("\(directory.path)/file", mode: 0o644)
        try PodFiles.makeDirectory("\(directory.path)/directory", mode: 0o755)
        let path = "\(directory.path)/\(name)"
        let pod = makePod("p") {
            $0.spec.volumes = [Volume { ($0.name, $0.hostPath) = ("v", HostPathVolumeSource { ($0.path, $0.type) = (path, type) }) }]
        }
        var failure: String?
        do { _ = try await volumes(directory).setUp(pod, now: .now()) } catch { failure = error.description }
        #expect(failure == message.map { "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: \(path) \($0)" })
        #expect(PodFiles.kind(path) == kind)
        try await volumes(directory).tearDown("p")
        #expect(PodFiles.kind(path) == kind)
    }

    @Test func `a projected volume changes as a whole`() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/v"
        try PodFiles.makeDirectory(path, mode: 0o755)
        func write(_ files: [String: String]) throws {
            let payload = VolumePayload(files: files.mapValues { .init(bytes: Array($0.utf8), mode: 0o644) })
            try AtomicWriter(directory: path).write(payload, gid: nil, now: .now())
        }
        func read(_ name: String) throws -> String? {
            guard let data = PodFiles.target(ofLink: "\(path)/..data") else { return nil }
            return try PodFiles.read("\(path)/\(data)/\(name)", maxBytes: 100).map { String(decoding: $0, as: UTF8.self) }
        }
        try write(["a": "1", "d/b": "2"])
        #expect(try PodFiles.list(path).filter { !$0.hasPrefix("..2") } == ["..data", "a", "d"])
        #expect(PodFiles.target(ofLink: "\(path)/a") == "..data/a")
        let first = PodFiles.target(ofLink: "\(path)/..data")
        try write(["a": "1", "d/b": "2"])
        #expect(PodFiles.target(ofLink: "\(path)/..data") == first)
        try write(["a": "3"])
        #expect(try read("a") == "3")
        #expect(PodFiles.target(ofLink: "\(path)/..data") != first)
        #expect(try PodFiles.list(path).filter { !$0.hasPrefix("..") } == ["a"])
        #expect(try PodFiles.list(path).count == 3)
    }

    @Test func `a path in a volume stays in the volume`() async throws {
        let directory = try TemporaryDirectory()
        let pod = makePod("p") { pod in
            pod.spec.volumes = [
                Volume { volume in
                    volume.name = "v"
                    volume.downwardAPI = DownwardAPIVolumeSource {
                        $0.items = [
                            DownwardAPIVolumeFile {
                                ($0.path, $0.fieldRef) = ("../x", ObjectFieldSelector { $0.fieldPath = "metadata.name" })
                            }
                        ]
                    }
                }
            ]
        }
        await #expect(throws: VolumeErrors.self) { _ = try await volumes(directory).setUp(pod, now: .now()) }
    }

    @Test func `user namespaces keep their ranges`() throws {
        let directory = try TemporaryDirectory()
        var configuration = KubeletConfiguration()
        configuration.rootDirectory = directory.path
        configuration.userNamespaces.count = 2
        let first = UserNamespaceAllocator(configuration)
        #expect(try first.allocate("a").uids[0].hostID == 65_536)
        #expect(try first.allocate("b").gids[0].hostID == 131_072)
        #expect(throws: UserNamespaceAllocator.Exhausted.self) { _ = try first.allocate("c") }
        let second = UserNamespaceAllocator(configuration)
        #expect(try second.allocate("b").uids[0].hostID == 131_072)
        try second.release("a")
        #expect(try second.allocate("c").uids[0].hostID == 65_536)
    }
}

@Suite struct ManifestDirectoryTests {
    private func manifest(_ image: String) -> [UInt8] {
        Array("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: \"\(image)\"}]}\n".utf8)
    }

    @Test func `files become static pods, dots are ignored, a broken file keeps its pods`() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/web.yaml"
        try PodFiles.replace(file, manifest("a:1"), mode: 0o644)
        try PodFiles.replace("\(directory.path)/.hidden", Array("{".utf8), mode: 0o644)
        let source = try ManifestDirectory(path: directory.path, nodeName: "n1", clock: MachineTime())
        let first = source.scan()
        #expect(first.pods.map(\.name) == ["web-n1"])
        #expect(first.problems.isEmpty)
        #expect(source.scan() == first)
        try PodFiles.replace(file, Array("apiVersion: v1\nkind: Pod\nspec: [\n".utf8), mode: 0o644)
        let broken = source.scan()
        #expect(broken.pods == first.pods)
        #expect(broken.problems.count == 1)
        try PodFiles.replace(file, manifest("a:2"), mode: 0o644)
        #expect(source.scan().pods.map(\.uid) != first.pods.map(\.uid))
        try PodFiles.remove(file)
        #expect(source.scan().pods.isEmpty)
    }
}
