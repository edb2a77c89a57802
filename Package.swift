// swift-tools-version: 6.2
// The targets follow docs/architecture.md row by row; Tests/ArchitectureTests keeps the imports to it.
import PackageDescription

/// Settings of every ordinary Swift target: Swift 6 language mode comes with the tools version.
let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

func target(_ row: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(row)/\(name)", swiftSettings: strict)
}

func tests(_ row: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
        path: "Tests/\(row)/\(name)Tests", swiftSettings: [.treatAllWarnings(as: .error)])
}

func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "CShims/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOTLS"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")

let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "swiftlet-supervisor", targets: ["swiftlet-supervisor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    ],
    targets: [
        // CShims
        .target(name: "CLinux", path: "CShims/CLinux", cSettings: [.define("_GNU_SOURCE")]),
        systemLibrary("CSeccomp", pkgConfig: "libseccomp", apt: "libseccomp-dev"),
        systemLibrary("CCap", pkgConfig: "libcap", apt: "libcap-dev"),
        systemLibrary("CMnl", pkgConfig: "libmnl", apt: "libmnl-dev"),
        // These two load their library when it is needed: they link with nothing.
        .target(name: "CNftables", path: "CShims/CNftables"),
        .target(name: "CArchive", path: "CShims/CArchive"),
        systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),

        // Kernel
        target("Kernel", "LinuxSystem", ["CLinux", "CSeccomp", "CCap"]),
        target("Kernel", "Netlink", ["LinuxSystem", "CLinux", "CMnl"]),
        target("Kernel", "Nftables", ["LinuxSystem", "CNftables"]),
        target("Kernel", "Cgroups", ["LinuxSystem", "CLinux"]),
        tests("Kernel", "LinuxSystem", ["CLinux"]),
        tests("Kernel", "Netlink", ["LinuxSystem", "CLinux"]),
        tests("Kernel", "Nftables", ["LinuxSystem", "Netlink"]),
        tests("Kernel", "Cgroups", ["LinuxSystem", "CLinux"]),

        // Runtime
        target("Runtime", "SupervisorAPI"),
        target("Runtime", "PodSupervisor", ["SupervisorAPI", "CLinux"]),
        target("Runtime", "CRI"),
        target("Runtime", "ImageStore", ["HTTPClient", "LinuxSystem", "CArchive", "APIMachinery", crypto]),
        target("Runtime", "PodNetwork", ["LinuxSystem", "Netlink", "Nftables"]),
        target(
            "Runtime", "ContainerRuntime",
            ["CRI", "SupervisorAPI", "ImageStore", "PodNetwork", "Netlink", "Cgroups", "LinuxSystem", "APIMachinery"]),
        tests("Runtime", "SupervisorAPI"),
        tests("Runtime", "PodSupervisor", ["SupervisorAPI", "LinuxSystem", "CLinux"]),
        tests("Runtime", "ImageStore", ["HTTPClient", "LinuxSystem", "APIMachinery", "TestSupport"]),
        tests("Runtime", "PodNetwork", ["LinuxSystem", "Netlink", "Nftables"]),
        tests("Runtime", "ContainerRuntime", ["CRI", "LinuxSystem", "Cgroups", "ImageStore", "PodNetwork"]),

        // API
        target("API", "APIMachinery"),
        target("API", "KubernetesAPI", ["CEL", "APIMachinery"]),
        target("API", "CEL", ["APIMachinery"]),
        target("API", "HTTPServer", ["APIMachinery", "CZlib", nioSSL, nioHTTP2, x509, crypto] + nio),
        target("API", "HTTPClient", ["APIMachinery", nioSSL] + nio),
        target("API", "KubernetesClient", ["HTTPClient", "KubernetesAPI", "APIMachinery"] + nio),
        tests("API", "KubernetesClient", ["HTTPClient", "KubernetesAPI", "APIMachinery", "HTTPServer", "TestSupport"] + nio),
        tests("API", "HTTPServer", ["APIMachinery", "TestSupport", nioSSL, nioHTTP2] + nio),
        tests("API", "APIMachinery"),
        tests("API", "KubernetesAPI", ["APIMachinery"]),
        tests("API", "CEL", ["APIMachinery"]),

        // Node
        target("Node", "Kubelet", ["CRI", "APIMachinery", "HTTPClient", "KubernetesAPI", "KubernetesClient", "HTTPServer"]),
        tests(
            "Node", "Kubelet",
            [
                "CRI", "APIMachinery", "HTTPClient", "KubernetesAPI", "KubernetesClient", "HTTPServer", "APIServer", "Storage",
                "TestSupport",
            ]),
        target("Node", "ClusterDNS", ["KubernetesClient", "KubernetesAPI", "APIMachinery"] + nio),
        tests("Node", "ClusterDNS", ["KubernetesClient", "KubernetesAPI", "APIMachinery", "TestSupport"] + nio),
        target(
            "Node", "ServiceProxy",
            ["HTTPServer", "KubernetesClient", "KubernetesAPI", "APIMachinery", "LinuxSystem", "Nftables", "Netlink"]),
        target("Node", "NetworkPolicies", ["KubernetesClient", "KubernetesAPI", "APIMachinery", "LinuxSystem", "Nftables", "Netlink"]),
        target("Node", "NodeRoutes", ["KubernetesClient", "KubernetesAPI", "APIMachinery", "LinuxSystem", "Netlink"]),
        tests("Node", "NodeRoutes", ["KubernetesClient", "KubernetesAPI", "APIMachinery", "LinuxSystem", "Netlink", "TestSupport"]),
        target(
            "Node", "NetworkTrace",
            ["ServiceProxy", "NetworkPolicies", "KubernetesClient", "KubernetesAPI", "APIMachinery"]),
        tests(
            "Node", "NetworkTrace",
            [
                "ServiceProxy", "NetworkPolicies", "KubernetesClient", "KubernetesAPI", "APIMachinery", "Netlink", "LinuxSystem",
                "PodNetwork",
                "NetworkTesting",
            ]),
        tests(
            "Node", "NetworkPolicies",
            [
                "KubernetesClient", "KubernetesAPI", "APIMachinery", "Nftables", "Netlink", "LinuxSystem", "PodNetwork", "NetworkTesting",
            ]),
        tests(
            "Node", "ServiceProxy",
            [
                "KubernetesClient", "KubernetesAPI", "APIMachinery", "Nftables", "Netlink", "LinuxSystem", "PodNetwork", "NetworkTesting",
                "TestSupport",
            ]),

        // Experiments
        target(
            "Experiments", "Verification",
            ["KubernetesAPI", "APIMachinery", "LinuxSystem", "Netlink", "Nftables", "Cgroups"]),
        tests("Experiments", "Verification", ["KubernetesAPI", "APIMachinery", "LinuxSystem", "Netlink", "Cgroups", "TestSupport"]),

        // ControlPlane
        target("ControlPlane", "Storage"),
        target("ControlPlane", "StorageSQLite", ["Storage", "CSQLite"]),
        target("ControlPlane", "APIServer", ["Storage", "KubernetesAPI", "CEL", "APIMachinery"]),
        target("ControlPlane", "Scheduler", ["KubernetesClient", "KubernetesAPI", "APIMachinery"]),
        target("ControlPlane", "Controllers", ["KubernetesClient", "KubernetesAPI", "APIMachinery", x509, crypto]),
        target("ControlPlane", "NodeSimulation", ["KubernetesClient", "KubernetesAPI", "APIMachinery"]),
        tests(
            "ControlPlane", "NodeSimulation",
            [
                "APIServer", "Storage", "Controllers", "Scheduler", "CRI", "HTTPClient", "KubernetesClient", "KubernetesAPI",
                "APIMachinery",
                "TestSupport",
            ]),
        tests("ControlPlane", "Scheduler", ["APIServer", "Storage", "KubernetesClient", "KubernetesAPI", "APIMachinery", "TestSupport"]),
        tests(
            "ControlPlane", "Controllers",
            ["HTTPClient", "APIServer", "Storage", "KubernetesClient", "KubernetesAPI", "APIMachinery", "TestSupport"]),
        target(
            "ControlPlane", "ControlPlane",
            [
                "Scheduler", "Controllers", "NodeSimulation", "APIServer", "StorageSQLite", "Storage", "HTTPClient", "HTTPServer",
                "KubernetesClient", "KubernetesAPI", "APIMachinery", x509,
                crypto,
            ]),
        tests("ControlPlane", "APIServer", ["Storage", "KubernetesAPI", "CEL", "APIMachinery", "TestSupport"]),
        tests(
            "ControlPlane", "ControlPlane",
            [
                "APIServer", "HTTPClient", "HTTPServer", "Storage", "KubernetesClient", "KubernetesAPI", "APIMachinery", "TestSupport",
                x509,
                crypto,
            ] + nio),
        tests("ControlPlane", "Storage", ["StorageTesting"]),
        tests("ControlPlane", "StorageSQLite", ["Storage", "StorageTesting", "storage-storm"]),
        .executableTarget(
            name: "storage-storm", dependencies: ["Storage", "StorageSQLite"], path: "Tests/Support/storage-storm",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "TestSupport", path: "Tests/Support/TestSupport", swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "NetworkTesting", dependencies: ["LinuxSystem", "Netlink", "PodNetwork"], path: "Tests/Support/NetworkTesting",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "StorageTesting", dependencies: ["Storage"], path: "Tests/Support/StorageTesting",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "storage-bench", dependencies: ["Storage", "StorageSQLite"], path: "Benchmarks/storage-bench",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "apiserver-bench", dependencies: ["APIServer", "Storage", "KubernetesAPI", "APIMachinery"],
            path: "Benchmarks/apiserver-bench", swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "scheduler-bench",
            dependencies: ["Scheduler", "APIServer", "StorageSQLite", "Storage", "KubernetesClient", "KubernetesAPI", "APIMachinery"],
            path: "Benchmarks/scheduler-bench", swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "api-load", dependencies: ["APIMachinery", nioSSL] + nio, path: "Benchmarks/api-load",
            swiftSettings: [.treatAllWarnings(as: .error)]),

        // Experiments
        target("Experiments", "FaultInjection", ["LinuxSystem", "Netlink", "Nftables", "Cgroups"]),
        tests("Experiments", "FaultInjection", ["LinuxSystem", "Netlink", "Cgroups"]),
        target("Experiments", "Experiments", ["FaultInjection", "Kubelet", "CRI", "KubernetesClient", "KubernetesAPI", "APIMachinery"]),
        tests(
            "Experiments", "Experiments",
            ["FaultInjection", "Kubelet", "CRI", "KubernetesClient", "KubernetesAPI", "APIMachinery", "TestSupport"]),

        // Command
        .executableTarget(
            name: "swiftlet",
            dependencies: [
                "ControlPlane", "Controllers", "NodeSimulation", "Kubelet", "ContainerRuntime", "CRI", "ImageStore", "Netlink", "Cgroups",
                "LinuxSystem",
                "APIMachinery", "KubernetesAPI", "KubernetesClient", "HTTPServer", "PodNetwork", "ServiceProxy", "NetworkPolicies",
                "NodeRoutes", "NetworkTrace", "ClusterDNS", "Experiments", "FaultInjection", "Verification", argumentParser,
            ],
            path: "Sources/Command/swiftlet", swiftSettings: strict),
        .executableTarget(
            name: "swiftlet-supervisor", dependencies: ["CLinux"], path: "Sources/Command/swiftlet-supervisor",
            swiftSettings: [
                .enableExperimentalFeature("Embedded"),
                // Embedded Swift needs whole-module compilation; release builds have it anyway.
                .unsafeFlags(["-wmo"], .when(configuration: .debug)),
            ]),
        .executableTarget(
            name: "swiftlet-bench", dependencies: ["ContainerRuntime", "CRI", "Cgroups"], path: "Benchmarks/swiftlet-bench",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "network-bench",
            dependencies: [
                "ServiceProxy", "ClusterDNS", "PodNetwork", "NetworkTesting", "APIServer", "Storage", "KubernetesClient", "KubernetesAPI",
                "APIMachinery", "Netlink", "LinuxSystem",
            ], path: "Benchmarks/network-bench", swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "Fuzzing", dependencies: ["APIServer", "KubernetesAPI", "APIMachinery"], path: "Tests/Support/Fuzzing",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .testTarget(
            name: "FuzzTests", dependencies: ["Fuzzing", "TestSupport"], path: "Tests/FuzzTests",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .testTarget(
            name: "ArchitectureTests", path: "Tests/ArchitectureTests", swiftSettings: [.treatAllWarnings(as: .error)]),
        // Runs the built programs; it does not link them: an Embedded Swift module has a runtime of its own.
        .testTarget(
            name: "EndToEndTests", path: "Tests/EndToEndTests", swiftSettings: [.treatAllWarnings(as: .error)]),
        // The same with kubectl and other clients.
        .testTarget(
            name: "ClientTests", path: "Tests/ClientTests", exclude: ["Manifests", "Python", "Transcripts"],
            swiftSettings: [.treatAllWarnings(as: .error)]),
    ]
)

// libFuzzer brings the program's `main`: this one exists only for `make fuzz`.
if Context.environment["SWIFTLET_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["Fuzzing"], path: "Tests/Fuzz/Driver", swiftSettings: [.treatAllWarnings(as: .error)]))
}
