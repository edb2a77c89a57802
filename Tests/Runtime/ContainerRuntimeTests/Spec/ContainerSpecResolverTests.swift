import CRI
import Cgroups
import LinuxSystem
import Testing

@testable import ContainerRuntime

@Suite struct ContainerSpecResolverTests {
    @Test func `masked and read-only paths are the configuration's, thermal ones are masked along`() throws {
        let resolver = makeResolver { $0.host.thermalPaths = ["/sys/devices/system/cpu/cpu0/thermal_throttle"] }
        let spec = try resolver.resolve(
            makeConfig {
                $0.securityContext.maskedPaths = ["/proc/kcore"]
                $0.securityContext.readonlyPaths = ["/proc/sys"]
            })
        #expect(spec.maskedPaths == ["/proc/kcore", "/sys/devices/system/cpu/cpu0/thermal_throttle"])
        #expect(spec.readonlyPaths == ["/proc/sys"])
    }

    @Test func `unmasked stays unmasked`() throws {
        let resolver = makeResolver { $0.host.thermalPaths = ["/sys/x"] }
        #expect(try resolver.resolve(makeConfig()).maskedPaths == [])
    }

    @Test func `privileged: no masks, no filter, no seccomp, the machine's cgroup namespace and devices`() throws {
        let resolver = makeResolver { $0.host.allDevices = [DeviceNode(path: "/dev/kmsg", major: 1, minor: 11)] }
        let spec = try resolver.resolve(
            makeConfig {
                $0.securityContext.privileged = true
                $0.securityContext.seccomp = .runtimeDefault
                $0.securityContext.maskedPaths = ["/proc/kcore"]
                $0.securityContext.readonlyPaths = ["/proc/sys"]
            })
        #expect(spec.maskedPaths.isEmpty && spec.readonlyPaths.isEmpty)
        #expect(spec.deviceRules == nil)
        #expect(spec.process.seccomp == .unconfined)
        #expect(!spec.namespaces.ownsCgroup)
        #expect(spec.devices.map(\.path).contains("/dev/kmsg"))
    }

    @Test func `devices of the configuration are added, with their permissions`() throws {
        let resolver = makeResolver { $0.host.devices["/dev/kvm"] = [DeviceNode(path: "/dev/kvm", major: 10, minor: 232, mode: 0o660)] }
        let spec = try resolver.resolve(
            makeConfig { $0.devices = [Device(containerPath: "/dev/virt", hostPath: "/dev/kvm", permissions: "rw")] })
        #expect(spec.devices.last == DeviceNode(path: "/dev/virt", major: 10, minor: 232, mode: 0o660))
        #expect(spec.deviceRules?.last == .allow(.character, 10, 232, [.read, .write]))
        #expect(spec.deviceRules?.prefix(12) == DeviceRule.containerDefaults.prefix(12))
    }

    @Test(arguments: [
        (Device(containerPath: "/dev/a", hostPath: "/dev/none", permissions: "r"), "device /dev/none: no device node of the machine"),
        (Device(containerPath: "/dev/a", hostPath: "/dev/b", permissions: "rx"), "device /dev/b: permissions \"rx\" are not some of rwm"),
    ])
    func `an impossible device is refused`(device: Device, message: String) {
        let error = #expect(throws: SpecError.self) { try makeResolver().resolve(makeConfig { $0.devices = [device] }) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        (NamespaceMode.container, "", ContainerNamespaces.PID.own), (.pod, "", .pod), (.node, "", .host),
        (.target, "abc", .container("abc")),
    ])
    func `the pid namespace is as asked for`(mode: NamespaceMode, target: String, expected: ContainerNamespaces.PID) throws {
        let spec = try makeResolver().resolve(
            makeConfig {
                $0.securityContext.namespaceOptions.pid = mode
                $0.securityContext.namespaceOptions.targetID = target
            })
        #expect(spec.namespaces.pid == expected)
    }

    @Test func `network, ipc and user namespaces are the sandbox's`() throws {
        let resolver = makeResolver {
            $0.sandbox.namespaces.network = .node
            $0.sandbox.namespaces.ipc = .node
            $0.sandbox.namespaces.user = UserNamespace(uids: [], gids: [])
        }
        let namespaces = try resolver.resolve(makeConfig()).namespaces
        #expect(!namespaces.joinsPodNetwork && !namespaces.joinsPodUTS && !namespaces.joinsPodIPC)
        #expect(namespaces.joinsPodUser)
    }

    @Test func `resources become those of cgroups; zeros were not said`() throws {
        let spec = try makeResolver().resolve(
            makeConfig {
                $0.resources.cpuShares = 512
                $0.resources.cpuQuota = 50_000
                $0.resources.cpuPeriod = 100_000
                $0.resources.memoryLimitInBytes = 64 << 20
                $0.resources.memorySwapLimitInBytes = 64 << 20
                $0.resources.hugepageLimits = [CRI.HugepageLimit(pageSize: "2MB", limit: 4 << 20)]
                $0.resources.oomScoreAdj = -997
            })
        #expect(spec.resources.cpuShares == 512)
        #expect(spec.resources.cpuQuotaMicroseconds == 50_000)
        #expect(spec.resources.memoryLimitBytes == .value(64 << 20))
        #expect(spec.resources.memoryOOMGroup == true)
        #expect(spec.resources.hugepageLimits == [Cgroups.HugepageLimit(pageBytes: 2 << 20, limitBytes: 4 << 20)])
        #expect(spec.process.oomScoreAdjust == -997)
        let empty = try makeResolver().resolve(makeConfig()).resources
        #expect(empty.cpuShares == nil && empty.memoryLimitBytes == nil && empty.cpuPeriodMicroseconds == nil)
    }

    static let impossible: [(@Sendable (inout ContainerConfig) -> Void, String)] = [
        ({ $0.resources.cpuShares = -1 }, "cpu shares -1: must not be negative"),
        ({ $0.resources.oomScoreAdj = 1001 }, "oom_score_adj 1001: must be -1000 to 1000"),
        ({ $0.resources.hugepageLimits = [.init(pageSize: "2M", limit: 1)] }, "huge page size \"2M\": must be a number and KB, MB or GB"),
        ({ $0.securityContext.appArmor = .localhost("p") }, "AppArmor profile p: this runtime does not load AppArmor profiles"),
        ({ $0.securityContext.namespaceOptions.pid = .target }, "pid namespace of a target container: no target is named"),
    ]

    @Test(arguments: impossible)
    func `impossible values are refused`(change: @Sendable (inout ContainerConfig) -> Void, message: String) {
        let error = #expect(throws: SpecError.self) { try makeResolver().resolve(makeConfig(change)) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            ("", 15), ("SIGQUIT", 3), ("quit", 3), ("9", 9), ("SIGRTMIN+3", 37), ("RTMAX-1", 63), ("SIGTERM", 15),
        ] as [(String, Int32)])
    func `the stop signal is the image's`(text: String, expected: Int32) throws {
        #expect(try makeResolver { $0.image.stopSignal = text }.resolve(makeConfig()).stopSignal == expected)
        #expect(try makeResolver { $0.image.stopSignal = text }.resolve(makeConfig { $0.stopSignal = 12 }).stopSignal == 12)
    }

    @Test(arguments: ["SIGNOPE", "0", "65", "SIGRTMIN+31"])
    func `no such stop signal`(text: String) {
        #expect(throws: SpecError.self) { try makeResolver { $0.image.stopSignal = text }.resolve(makeConfig()) }
    }

    @Test func `image volumes are kept unless something is mounted there`() throws {
        let resolver = makeResolver {
            $0.image.volumes = ["/data", "/cache/"]
            $0.host.mountSources[.init(path: "/v", subPath: "")] = true
        }
        let spec = try resolver.resolve(makeConfig { $0.mounts = [CRI.Mount(containerPath: "/data", hostPath: "/v")] })
        #expect(spec.imageVolumes == ["/cache"])
    }
}
