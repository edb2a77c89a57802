import Foundation

/// What `fixture describe` prints of itself: how things look from inside.
struct Description: Decodable {
    struct Interface: Decodable {
        var name: String
        var address: String
        var up: Bool
    }
    var pid: Int
    var cwd: String
    var hostname: String
    var domainname: String
    var umask: Int
    var environment: [String]
    var descriptors: [String: String]
    var status: [String: String]
    var namespaces: [String: String]
    var interfaces: [Interface]
    var sysctls: [String: String?]
    var devices: [String]

    /// Runs it in a container of a pod.
    static func of(_ pod: String, on machine: Machine, container: String? = nil, sysctls: [String] = []) throws -> Description {
        let result = try machine.exec(pod, container: container, ["/fixture", "describe"] + sysctls)
        guard result.status == 0 else { throw Machine.Failure(description: "describe \(pod): exit \(result.status): \(result.stderr)") }
        return try JSONDecoder().decode(Description.self, from: Data(result.stdout.utf8))
    }
}
