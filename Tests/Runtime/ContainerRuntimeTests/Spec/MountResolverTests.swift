import CRI
import LinuxSystem
import Testing

@testable import ContainerRuntime

@Suite struct MountResolverTests {
    private func mount(_ target: String, from path: String, _ change: (inout CRI.Mount) -> Void = { _ in }) -> CRI.Mount {
        var mount = CRI.Mount(containerPath: target, hostPath: path)
        change(&mount)
        return mount
    }

    private func resolve(_ mounts: [CRI.Mount], _ change: (inout ContainerConfig) -> Void = { _ in }) throws -> ContainerSpec {
        let resolver = makeResolver { resolver in
            resolver.sandbox.resolvConfPath = "/run/s/resolv.conf"
            resolver.sandbox.hostnamePath = "/run/s/hostname"
            for mount in mounts {
                resolver.host.mountSources[.init(path: mount.hostPath, subPath: mount.subPath)] = !mount.hostPath.hasSuffix(".file")
            }
        }
        return try resolver.resolve(
            makeConfig {
                $0.mounts = mounts
                change(&$0)
            })
    }

    @Test func `the usual file systems come first, then the pod's files`() throws {
        #expect(
            try resolve([]).mounts.map(\.target) == [
                "/proc", "/dev", "/dev/pts", "/dev/mqueue", "/sys", "/sys/fs/cgroup", "/etc/hostname", "/etc/resolv.conf", "/dev/shm",
            ])
    }

    @Test func `a mount of the pod takes the place of a usual one`() throws {
        let spec = try resolve([
            mount("/dev/shm/", from: "/vol/shm"), mount("/sys", from: "/sys"), mount("/etc/hostname", from: "/vol/h.file"),
        ])
        #expect(spec.mounts.count(where: { $0.target == "/dev/shm" }) == 1)
        #expect(spec.mount("/dev/shm")?.source == .bind(.init(path: "/vol/shm")))
        #expect(spec.mount("/sys")?.source == .bind(.init(path: "/sys")))
        #expect(spec.mount("/etc/hostname")?.source != .bind(.init(path: "/run/s/hostname")))
    }

    @Test func `a mount on dev takes the place of everything below it`() throws {
        let targets = try resolve([mount("/dev", from: "/dev")]).mounts.map(\.target)
        #expect(targets.filter { $0.hasPrefix("/dev") } == ["/dev"])
    }

    @Test func `the pod's mounts go by depth, in their order otherwise`() throws {
        let spec = try resolve([
            mount("/a/b/c", from: "/v/1"), mount("/z", from: "/v/2"), mount("/a", from: "/v/3"), mount("/a/b", from: "/v/4"),
        ])
        #expect(spec.mounts.suffix(4).map(\.target) == ["/z", "/a", "/a/b", "/a/b/c"])
    }

    @Test func `read-only, recursion, propagation and kind are carried over`() throws {
        let spec = try resolve([
            mount("/ro", from: "/v/ro") {
                $0.readonly = true
                $0.recursiveReadOnly = true
            },
            mount("/both", from: "/v/both") { $0.propagation = .bidirectional },
            mount("/file", from: "/v/x.file") { $0.subPath = "" },
        ])
        #expect(spec.mount("/ro")?.attributes == .readOnly)
        #expect(spec.mount("/ro")?.isRecursiveReadOnly == true)
        #expect(spec.mount("/both")?.propagation == .bidirectional)
        guard case .bind(let source)? = spec.mount("/file")?.source else {
            Issue.record("no bind mount")
            return
        }
        #expect(!source.isDirectory)
    }

    @Test func `sysfs and cgroup are read-only unless privileged`() throws {
        let spec = try resolve([])
        for target in ["/sys", "/sys/fs/cgroup"] {
            #expect(spec.mount(target)?.attributes == [.readOnly, .noSUID, .noExecute, .noDevices])
        }
        let privileged = try resolve([]) { $0.securityContext.privileged = true }
        #expect(privileged.mount("/sys")?.attributes == [.noSUID, .noExecute, .noDevices])
        #expect(privileged.mount("/proc")?.attributes == [.noSUID, .noExecute, .noDevices])
    }

    @Test(arguments: [
        ("relative", false, "mount target \"relative\": must be an absolute path"),
        ("/", false, "mount target \"/\": the root itself cannot be a mount target"),
        ("/a/..", false, "mount target \"/a/..\": the root itself cannot be a mount target"),
        ("/gone", true, "mount /gone: host path /v/gone does not exist"),
    ])
    func `an impossible mount is refused by name`(target: String, isMissing: Bool, message: String) {
        let resolver = makeResolver { if !isMissing { $0.host.mountSources[.init(path: "/v/gone", subPath: "")] = true } }
        let error = #expect(throws: SpecError.self) {
            try resolver.resolve(makeConfig { $0.mounts = [mount(target, from: "/v/gone")] })
        }
        #expect(error?.description == message)
    }

    @Test func `recursive read-only needs a private read-only mount`() {
        for change in [{ $0.readonly = false }, { $0.propagation = .hostToContainer }] as [@Sendable (inout CRI.Mount) -> Void] {
            #expect(throws: SpecError.self) {
                try resolve([
                    mount("/a", from: "/v") {
                        $0.readonly = true
                        $0.recursiveReadOnly = true
                        change(&$0)
                    }
                ])
            }
        }
    }

    @Test(arguments: [("/a//b/./c/", "/a/b/c"), ("/a/../../b", "/b"), ("/x/y/..", "/x")])
    func `targets are resolved as inside a root`(path: String, expected: String) throws {
        #expect(try MountResolver.normalized(path) == expected)
    }
}
