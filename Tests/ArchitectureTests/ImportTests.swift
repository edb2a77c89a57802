import Foundation
import Testing

/// Who may import whom: the arrows of docs/architecture.md, checked against the sources themselves.
struct ImportTests {
    /// Rows from top to bottom. A target imports targets of its own row and of rows below it, never above.
    static let rows = ["Command", "Experiments", "ControlPlane", "Node", "API", "Runtime", "Kernel"]

    /// Rows that a row may not reach although it stands above them.
    static let forbidden: [String: Set<String>] = [
        "ControlPlane": ["Runtime", "Kernel", "Node"],
        "API": ["Runtime", "Kernel"],
        "Node": ["Kernel"],
    ]

    /// What Runtime may use of the API row: plain data, and requests over HTTPS for registries; no kinds.
    static let allowedUpwards: [String: Set<String>] = ["Runtime": ["APIMachinery", "HTTPClient"]]

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Module {
        var name: String
        var row: String
        var imports: Set<String>
    }

    static let modules: [Module] = rows.flatMap { row -> [Module] in
        let folder = root.appending(path: "Sources/\(row)")
        let targets = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return targets.map { Module(name: $0, row: row, imports: imports(below: folder.appending(path: $0))) }
    }

    /// The modules named in `import` lines of the Swift files below a folder. Links are not followed: the supervisor's
    /// sources are compiled a second time through links, and are checked where they live.
    static func imports(below folder: URL) -> Set<String> {
        var found: Set<String> = []
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift", let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").drop {
                    ["internal", "private", "package", "public", "@preconcurrency"].contains($0)
                }
                guard words.first == "import", let name = words.dropFirst().last else { continue }
                found.insert(String(name.split(separator: ".")[0]))
            }
        }
        return found
    }

    static func row(of module: String) -> String? { modules.first { $0.name == module }?.row }

    @Test func `the rows hold the targets this test knows`() {
        #expect(Self.modules.contains { $0.name == "Kubelet" && $0.row == "Node" })
        #expect(Self.modules.contains { $0.name == "LinuxSystem" && $0.row == "Kernel" })
    }

    @Test func `no arrow runs upward`() throws {
        for module in Self.modules {
            let own = try #require(Self.rows.firstIndex(of: module.row))
            for other in module.imports {
                guard let row = Self.row(of: other), let index = Self.rows.firstIndex(of: row), index < own else { continue }
                #expect(
                    Self.allowedUpwards[module.row]?.contains(other) == true,
                    "\(module.row)/\(module.name) imports \(other) of the row above it, \(row)")
            }
        }
    }

    @Test func `no row reaches what it must not know`() {
        for module in Self.modules {
            for other in module.imports {
                guard let row = Self.row(of: other) else { continue }
                #expect(
                    Self.forbidden[module.row]?.contains(row) != true || other == "CRI"
                        // The whole work of these is rules of the kernel.
                        || (["ServiceProxy", "NetworkPolicies", "NodeRoutes"].contains(module.name)
                            && ["Nftables", "Netlink", "LinuxSystem"].contains(other)),
                    "\(module.row)/\(module.name) imports \(other) of \(row)")
            }
        }
    }

    @Test func `the kubelet does not know the native runtime`() throws {
        let kubelet = try #require(Self.modules.first { $0.name == "Kubelet" })
        #expect(!kubelet.imports.contains("ContainerRuntime"))
        #expect(kubelet.imports.isDisjoint(with: ["ImageStore", "PodNetwork", "SupervisorAPI"]))
    }

    /// What is checked and what checks it may not share a mistake.
    @Test func `verification works values out for itself`() throws {
        let verification = try #require(Self.modules.first { $0.name == "Verification" })
        #expect(verification.imports.isDisjoint(with: ["Kubelet", "ContainerRuntime", "PodNetwork", "ImageStore", "PodSupervisor"]))
    }

    @Test(arguments: [
        ("CLinux", ["LinuxSystem", "Netlink", "Cgroups", "PodSupervisor", "swiftlet-supervisor"]),
        ("CSeccomp", ["LinuxSystem"]), ("CCap", ["LinuxSystem"]), ("CMnl", ["Netlink"]), ("CNftables", ["Nftables"]),
        ("CArchive", ["ImageStore"]), ("ArgumentParser", ["swiftlet"]), ("CSQLite", ["StorageSQLite"]), ("CZlib", ["HTTPServer"]),
        ("NIOCore", ["ClusterDNS", "HTTPClient", "HTTPServer", "KubernetesClient"]),
        ("NIOPosix", ["ClusterDNS", "HTTPClient", "HTTPServer"]),
        ("NIOSSL", ["HTTPClient", "HTTPServer"]), ("X509", ["ControlPlane", "Controllers", "HTTPServer"]),
    ])
    func `a library is used in its place only`(library: String, allowed: [String]) {
        for module in Self.modules where module.imports.contains(library) {
            #expect(allowed.contains(module.name), "\(module.name) imports \(library)")
        }
    }

    @Test func `Foundation is never imported`() {
        for module in Self.modules {
            #expect(!module.imports.contains("Foundation"), "\(module.name) imports Foundation; FoundationEssentials is enough")
            #expect(!module.imports.contains("FoundationNetworking"), "\(module.name) imports FoundationNetworking")
        }
    }
}
