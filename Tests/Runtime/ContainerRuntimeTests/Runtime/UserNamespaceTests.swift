import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// Pods with `hostUsers: false`.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct UserNamespaceTests {
    private static let first: UInt32 = 300 << 16

    private static func user() -> UserNamespace {
        let mapping = IDMapping(hostID: first, containerID: 0, length: 65536)
        return UserNamespace(uids: [mapping], gids: [mapping])
    }

    @Test(arguments: [false, true])
    func `root inside is nobody outside`(hasNetwork: Bool) async throws {
        let fixture = try await RuntimeFixture(hasNetwork: hasNetwork)
        let pod = fixture.pod { $0.linux.securityContext.namespaceOptions.user = Self.user() }
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let volume = try fixture.root.makeDirectory("volume", mode: 0o777)
        let id = try await fixture.start(
            [
                "/bin/sh", "-c",
                "id -u; stat -c %u /bin/busybox; touch /mine /v/mine; stat -c %u /mine; echo x > /dev/null && echo null; sleep 1000",
            ], in: sandbox, pod
        ) {
            $0.mounts = [Mount(containerPath: "/v", hostPath: volume)]
        }
        let status = try await fixture.runtime.containerStatus(id)
        let process = try ProcessStatus.read(pid: status.pid)
        #expect(process.uids.first == Self.first)
        #expect(
            try Files.readText("/proc/\(status.pid)/uid_map").split(separator: " ").map { $0.filter { !$0.isWhitespace } } == [
                "0", "\(Self.first)", "65536",
            ])
        #expect(try NamespaceID.of(pid: status.pid, .user) != NamespaceID.of(pid: getpid(), .user))
        let seen = try await fixture.runtime.execSync(
            id, command: ["/bin/sh", "-c", "id -u; ls -n / | grep -c mine; cat /proc/1/cmdline | tr '\\0' ' '"], timeout: .seconds(20))
        #expect(String(decoding: seen.stdout, as: UTF8.self).hasPrefix("0\n1\n"), "\(String(decoding: seen.stderr, as: UTF8.self))")
        var file = stat()
        #expect(stat("\(volume)/mine", &file) == 0 && file.st_uid == Self.first)
        try await fixture.runtime.stopContainer(id, timeout: .zero)
        #expect(try fixture.log(try await fixture.runtime.containerStatus(id)) == "0\n0\n0\nnull\n")
        try await fixture.expectClean()
    }
}
