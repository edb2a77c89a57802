import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct PodSandboxTests {
    @Test func `containers of a pod share its network, ipc, uts and shared memory`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true)
        let pod = fixture.pod("web") {
            $0.dns = DNSConfig()
            $0.dns?.servers = ["10.96.0.10"]
            $0.dns?.searches = ["default.svc.cluster.local"]
            $0.dns?.options = ["ndots:5"]
            $0.linux.sysctls = ["net.ipv4.ip_local_port_range": "10000 10100", "kernel.shm_rmid_forced": "1"]
        }
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let ip = try await fixture.runtime.podSandboxStatus(sandbox).network.ip
        #expect(ip.hasPrefix("10."))
        let one = try await fixture.start(["/bin/sh", "-c", "echo shared > /dev/shm/x; sleep 1000"], in: sandbox, pod)
        let two = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let pids = [try await fixture.runtime.containerStatus(one).pid, try await fixture.runtime.containerStatus(two).pid]
        for kind in [CloneFlags.network, .ipc, .uts] {
            #expect(try NamespaceID.of(pid: pids[0], kind) == NamespaceID.of(pid: pids[1], kind), "\(kind)")
            #expect(try NamespaceID.of(pid: pids[0], kind) != NamespaceID.of(pid: getpid(), kind), "\(kind)")
        }
        for kind in [CloneFlags.mount, .pid, .cgroup] {
            #expect(try NamespaceID.of(pid: pids[0], kind) != NamespaceID.of(pid: pids[1], kind), "\(kind)")
        }
        let seen = try await fixture.runtime.execSync(
            two,
            command: [
                "/bin/sh", "-c",
                """
                cat /dev/shm/x; hostname; cat /etc/hostname; cat /etc/resolv.conf; cat /proc/sys/net/ipv4/ip_local_port_range
                cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/sys/kernel/shm_rmid_forced; ip -o -4 addr show eth0
                df -k /dev/shm | grep shm
                """,
            ], timeout: .seconds(20))
        let lines = String(decoding: seen.stdout, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(9) == [
                "shared", "web", "web", "search default.svc.cluster.local", "nameserver 10.96.0.10", "options ndots:5", "10000\t10100", "0",
                "1",
            ], "\(lines) \(String(decoding: seen.stderr, as: UTF8.self))")
        #expect(lines.dropFirst(9).first?.contains(ip) == true)
        #expect(lines.last?.contains("65536") == true)
        try await fixture.expectClean()
    }

    @Test func `a pod without a pod network still talks to itself`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod { $0.linux.securityContext.namespaceOptions.network = .pod }
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let script = "ip link show lo | grep -q 'UP,LOWER_UP' && echo pong | nc -l -p 80 & sleep 0.2; nc -w 2 127.0.0.1 80"
        let id = try await fixture.start(["/bin/sh", "-c", script], in: sandbox, pod)
        #expect(try fixture.log(try await fixture.ended(id)) == "pong\n")
        let mapped = fixture.pod("mapped") { config in
            config.linux.securityContext.namespaceOptions.network = .pod
            var port = PortMapping(containerPort: 80)
            port.hostPort = 8080
            config.portMappings = [port]
        }
        let error = await #expect(throws: RuntimeError.self) { try await fixture.runtime.runPodSandbox(mapped) }
        #expect(error?.description.contains("host port 8080/tcp: this node has no pod network") == true, "\(String(describing: error))")
        try await fixture.expectClean()
    }

    @Test func `a shared pid namespace has an init that reaps`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod { $0.linux.securityContext.namespaceOptions.pid = .pod }
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let shared: (inout ContainerConfig) -> Void = { $0.securityContext.namespaceOptions.pid = .pod }
        let one = try await fixture.start(["/bin/sleep", "1111"], in: sandbox, pod, shared)
        let two = try await fixture.start(["/bin/sh", "-c", "(sleep 0.2 &); sleep 2222"], in: sandbox, pod, shared)
        let pids = [try await fixture.runtime.containerStatus(one).pid, try await fixture.runtime.containerStatus(two).pid]
        #expect(try NamespaceID.of(pid: pids[0], .pid) == NamespaceID.of(pid: pids[1], .pid))
        var text = ""
        let deadline = ContinuousClock.now + .seconds(10)
        repeat {
            let seen = try await fixture.runtime.execSync(one, command: ["/bin/ps"], timeout: .seconds(20))
            text = String(decoding: seen.stdout, as: UTF8.self)
        } while (text.contains("[sleep]") || !text.contains("sleep 2222")) && ContinuousClock.now < deadline
        #expect(text.contains("sleep 1111") && text.contains("sleep 2222"), "\(text)")
        #expect(!text.contains("[sleep]"), "a zombie is left: \(text)")
        try await fixture.runtime.stopContainer(two, timeout: .zero)
        #expect(try await fixture.runtime.containerStatus(one).state == .running)
        try await fixture.expectClean()
    }

    @Test func `pods reach each other and the machine`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true, poolSize: 2)
        let (server, client) = (fixture.pod("server"), fixture.pod("client"))
        let (one, two) = (try await fixture.runtime.runPodSandbox(server), try await fixture.runtime.runPodSandbox(client))
        let ip = try await fixture.runtime.podSandboxStatus(one).network.ip
        _ = try await fixture.start(["/bin/sh", "-c", "while :; do echo pong | nc -l -p 8080; done"], in: one, server)
        let asking = try await fixture.start(
            ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 \(ip) 8080 && exit 0; sleep 0.1; done; exit 1"], in: two, client)
        let status = try await fixture.ended(asking)
        #expect(status.exitCode == 0)
        #expect(try fixture.log(status).hasSuffix("pong\n"))
        try await fixture.expectClean()
    }
}
