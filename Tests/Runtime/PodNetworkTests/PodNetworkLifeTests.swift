import Glibc
import LinuxSystem
import Netlink
import Testing

@testable import PodNetwork

/// Restarts, crashes, many pods and the pool, each test in a network and a mount namespace of its own.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct PodNetworkLifeTests {
    private let directory = TemporaryDirectory()

    private func open(_ cidr: String = "10.244.0.0/24", releaseTimeoutMilliseconds: Int32 = 5000) throws -> PodNetwork {
        var configuration = PodNetworkConfiguration(
            instance: "life", podCIDRs: [try #require(IPPrefix(cidr))], stateDirectory: "\(directory.path)/state",
            netnsDirectory: "\(directory.path)/netns")
        configuration.releaseTimeoutMilliseconds = releaseTimeoutMilliseconds
        let network = try PodNetwork(configuration)
        try network.prepare()
        return network
    }

    private func veths() throws -> [String] {
        var socket = try NetlinkSocket()
        return try socket.links().filter { $0.kind == "veth" }.map(\.name).sorted()
    }

    /// Mounts below the test's directory.
    private func mounts() throws -> Int {
        let descriptor = Glibc.open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC)
        let file = OwnedFD(adopting: descriptor)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file.rawValue, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer.prefix(count)
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").count { $0.contains(directory.path) }
    }

    @Test func `sandboxes outlive the daemon`() throws {
        try NetworkNamespace.runApart {
            let before = try open().attach(sandboxID: "a")
            let network = try open()
            #expect(network.attachment(sandboxID: "a") == before)
            #expect(try network.reconcile(existing: ["a"]) == [])
            let other = try network.attach(sandboxID: "b")
            #expect(other.addresses != before.addresses)
            let server = try NetworkNamespace.run(in: try NetworkNamespace.open(before.netnsPath)) { try TCP.listen(8080) }
            _ = try NetworkNamespace.run(in: try NetworkNamespace.open(other.netnsPath)) {
                try TCP.connect(before.addresses[0].address, 8080)
            }
            #expect(try TCP.acceptedPeer(server) == other.addresses[0].address)
            _ = try network.tearDown()
        }
    }

    @Test func `300 pods through 13 addresses leave nothing`() throws {
        try NetworkNamespace.runApart {
            let network = try open("10.244.0.0/28")
            for index in 0..<300 {
                _ = try network.attach(sandboxID: "s\(index)")
                try network.detach(sandboxID: "s\(index)")
            }
            #expect(try eventually { try network.reservedAddresses().isEmpty && veths().isEmpty })
            #expect(try Files.namesIfAny(in: network.configuration.netnsDirectory) == [])
            #expect(try mounts() == 1)  // the directory of the pins
            _ = try network.tearDown()
            #expect(try mounts() == 0)
        }
    }

    @Test func `an address is not reused while anything keeps its link alive`() throws {
        try NetworkNamespace.runApart {
            let network = try open("10.244.0.0/30", releaseTimeoutMilliseconds: 300)  // room for one pod
            let pod = try network.attach(sandboxID: "a")
            var holder: OwnedFD? = try NetworkNamespace.open(pod.netnsPath)
            try network.detach(sandboxID: "a")
            #expect(network.attachment(sandboxID: "a") == nil)
            #expect { try network.attach(sandboxID: "b") } throws: { ($0 as? PodNetworkError)?.code == .exhausted }
            #expect(try network.reservedAddresses().map(\.description) == ["10.244.0.2"])
            _ = holder.take()
            #expect(try eventually { try network.reservedAddresses().isEmpty })
            #expect(try network.attach(sandboxID: "b").addresses == pod.addresses)
            _ = try network.tearDown()
        }
    }

    @Test func `eight at once get different addresses`() throws {
        try NetworkNamespace.runApart {
            let network = try open()
            let threads = try (0..<8).map { thread in
                try Background {
                    for index in 0..<10 { _ = try? network.attach(sandboxID: "\(thread)-\(index)") }
                }
            }
            threads.forEach { $0.join() }
            let pods = (0..<8).flatMap { thread in (0..<10).compactMap { network.attachment(sandboxID: "\(thread)-\($0)") } }
            #expect(pods.count == 80 && Set(pods.map(\.addresses)).count == 80)
            #expect(try veths().count == 80)
            _ = try network.tearDown()
        }
    }

    @Test func `leftovers of a crash are found, the living are kept`() throws {
        try NetworkNamespace.runApart {
            let crashed = try open()
            let kept = try crashed.attach(sandboxID: "kept")
            let lost = try crashed.attach(sandboxID: "lost")
            // Died after reserving; after wiring; with a pool; and once the state directory was lost.
            _ = try crashed.store.reserve(.sandbox("reserved"))
            _ = try crashed.store.reserve(.ready(process: 1))
            let number = try crashed.store.reserve(.sandbox("stateless"))
            let host = try crashed.preparedHostSide()
            try crashed.pins.pin(try crashed.wiring.makeNamespace(number, host), as: "stateless")
            try crashed.store.change(number, to: .releasing)
            try crashed.store.free(number)
            try writeEmptyPin(crashed, "half")

            let network = try open()
            let lines = try network.reconcile(existing: ["kept"])
            #expect(
                lines == [
                    "address 10.244.0.3 of sandbox lost", "address 10.244.0.4 of sandbox reserved",
                    "address 10.244.0.5 of process 1's pool",
                    "network namespace \(crashed.pins.path("half"))", "network namespace \(crashed.pins.path("stateless"))",
                    "link \(crashed.names.hostLink(number))",
                ])
            #expect(try eventually { try network.reservedAddresses() == [kept.addresses[0].address] && veths() == [kept.hostInterface] })
            #expect(network.attachment(sandboxID: "kept") == kept && network.attachment(sandboxID: "lost") == nil)
            #expect(try Files.namesIfAny(in: network.configuration.netnsDirectory) == ["kept"])
            #expect(try network.reconcile(existing: ["kept"]) == [])
            _ = lost
            _ = try network.tearDown()
        }
    }

    /// A pin whose file was made and whose mount was not.
    private func writeEmptyPin(_ network: PodNetwork, _ name: String) throws {
        let file = Glibc.open(network.pins.path(name), O_CREAT | O_RDONLY | O_CLOEXEC, 0o400)
        try #require(file >= 0)
        _ = close(file)
    }

    @Test func `the pool is filled, used, refilled and drained`() throws {
        try NetworkNamespace.runApart {
            let network = try open()
            try network.startPool(size: 4)
            #expect(eventually { network.poolCount == 4 })
            let links = try veths()
            let pod = try network.attach(sandboxID: "a")
            #expect(links.contains(pod.hostInterface))  // one that was there before
            #expect(network.attachment(sandboxID: "a") == pod)
            #expect(network.poolCount == 3)  // nothing is made while the pod that took one is being started
            network.restock()
            let server = try NetworkNamespace.run(in: try NetworkNamespace.open(pod.netnsPath)) { try TCP.listen(8080) }
            _ = try TCP.connect(pod.addresses[0].address, 8080)
            #expect(try TCP.acceptedPeer(server) == pod.gateways[0])
            #expect(eventually { network.poolCount == 4 })
            try network.startPool(size: 1)
            #expect(try eventually { try network.poolCount == 1 && veths().count == 2 && network.reservedAddresses().count == 2 })
            network.stop()
            #expect(network.poolCount == 0)
            #expect(try eventually { try veths() == [pod.hostInterface] })
            let next = try open()
            #expect(try next.reconcile(existing: ["a"]) == [])
            #expect(try eventually { try next.reservedAddresses() == [pod.addresses[0].address] })
            _ = try next.tearDown()
        }
    }

    @Test func `the pool leaves most of a small network's addresses alone`() throws {
        try NetworkNamespace.runApart {
            let network = try open("10.244.0.0/27")  // 29 pods
            try network.startPool(size: 16)
            #expect(eventually { network.poolCount == 3 })
            #expect(try network.reservedAddresses().count == 3)
            _ = try network.tearDown()
        }
    }

    @Test func `a namespace that is held needs no mount, and goes with its holder`() throws {
        try NetworkNamespace.runApart {
            let network = try open()
            var held: HeldNamespace? = try network.hold(sandboxID: "a")
            let pod = try #require(held?.attachment)
            #expect(try Files.namesIfAny(in: network.configuration.netnsDirectory) == [])
            #expect(try veths() == [pod.hostInterface])
            #expect(try network.reservedAddresses() == pod.addresses.map(\.address))
            try network.detach(sandboxID: "a")
            held = nil
            #expect(try eventually { try veths().isEmpty && network.reservedAddresses().isEmpty })
            _ = try network.tearDown()
        }
    }
}
